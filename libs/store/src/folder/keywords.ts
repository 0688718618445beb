/** Keywords of messages and of folders. Compared without regard to case; they are ASCII atoms, so that lower case in JavaScript and in SQL agree. */
import { MAX_FOLDER_KEYWORDS } from '#domain';

/** The first spelling of each. */
export const distinctKeywords = (keywords: readonly string[]): string[] =>
  [...new Map(keywords.toReversed().map((keyword) => [keyword.toLowerCase(), keyword])).values()].toReversed();

/**
 * SQL: the keywords of a folder when messages with more of them come; those it has keep their places.
 * @param known expression, text[]
 * @param more expression, text[] or null
 */
export const withKeywords = (known: string, more: string): string => `
  case when ${more} is null then ${known} else ${known} || array(
    select word from (
      select distinct on (lower(word)) word from unnest(${more}) as word
       where lower(word) not in (select lower(had) from unnest(${known}) as had) order by lower(word), word) as fresh
     limit greatest(0, ${MAX_FOLDER_KEYWORDS} - cardinality(${known}))) end`;
