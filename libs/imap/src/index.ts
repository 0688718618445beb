export const encodeEnvelope = (fields: unknown): string => JSON.stringify(fields);
export const encodeBodyStructure = (part: unknown): string => JSON.stringify(part);
