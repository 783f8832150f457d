import type { Draft, Field } from "./logic/draft";

export type ErrorOf = (field: Field) => string | undefined;

/** A part of the form: the draft, how it changes, and what is wrong with it. */
export interface PartProps {
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  errorOf: ErrorOf;
}

export interface FieldProps extends Omit<PartProps, "errorOf"> {
  error: string | undefined;
}

export const toggled = (list: readonly string[], name: string, isOn: boolean) => (isOn ? [...list, name] : list.filter((one) => one !== name));

/** Numbers are typed in full width too. */
export const narrow = (text: string) => text.normalize("NFKC");
