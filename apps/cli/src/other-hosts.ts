/** What this release does with mail for other hosts, said wherever somebody makes it go there. */
import { domainToASCII } from 'node:url';
import { parseAddress, ROOT_TENANT, type DirectoryStore, type TraceStore } from '#domain';
import { ok, warn, type Finding } from './doctor/finding.ts';

export const REMOTE_WAITS = 'remote delivery is not part of this release: the message waits';

/** A sentence for each target whose domain is not hosted here. */
export async function targetsElsewhere(
  directory: Pick<DirectoryStore, 'directoryFacts'>,
  targets: readonly string[],
): Promise<string[]> {
  const parsed = targets.flatMap((target) => {
    const address = parseAddress(target, domainToASCII);
    return address === undefined ? [] : [{ target, address }];
  });
  const facts = await directory.directoryFacts(
    ROOT_TENANT,
    parsed.map(({ address }) => address),
  );
  return parsed
    .filter((_, at) => facts[at]?.domain === undefined)
    .map(({ target }) => `warning: ${target} is at another host: ${REMOTE_WAITS}`);
}

export async function judgeTargets(trace: Pick<TraceStore, 'targetsElsewhere'>): Promise<Finding> {
  const count = await trace.targetsElsewhere();
  if (count === 0) return ok('aliases: none leads to another host');
  return warn(
    `aliases: ${count} target(s) at other hosts, whose mail waits`,
    'remote delivery is not part of this release: posthouse alias list shows the targets, posthouse alias set gives an alias others',
  );
}
