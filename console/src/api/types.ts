import { type Send, send } from "./client";

/** The kinds of entities that the town has and the asker may see. */
export const getTypes = (): Promise<string[]> => getTypesBy(send);

export async function getTypesBy(ask: Send): Promise<string[]> {
  const found = (await (await ask("/ngsi-ld/v1/types?local=true")).json()) as { typeList?: string[] };
  return found.typeList ?? [];
}
