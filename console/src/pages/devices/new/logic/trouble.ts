/** What the API said against a registration, and which field it is about. */

import type { Flaw, Step } from "../../logic/draft";

export interface Trouble {
  readonly step: Step;
  readonly flaw: Flaw | "taken" | "owner" | "name";
}

const FIELDS: Readonly<Record<string, Trouble>> = {
  id: { step: "name", flaw: "id" },
  name: { step: "name", flaw: "name" },
  owner: { step: "name", flaw: "owner" },
  profile: { step: "profile", flaw: "profile" },
  location: { step: "place", flaw: "latitude" },
};

/** The field of a refusal by its status and JSON pointer; undefined where it is about no field of the form. */
export function troubleOf(status: number, pointer: string | undefined): Trouble | undefined {
  if (status === 409) return { step: "name", flaw: "taken" };
  const [member = ""] = (pointer ?? "").replace(/^\//, "").split(/[/.]/);
  return FIELDS[member];
}
