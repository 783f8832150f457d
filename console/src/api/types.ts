import { answer, api } from "./client";

/** The kinds of entities that the town has and the asker may see. */
export async function getTypes(): Promise<string[]> {
  const found = await answer(api.GET("/ngsi-ld/v1/types", { params: { query: { local: true } } }));
  return (found as { typeList?: string[] }).typeList ?? [];
}
