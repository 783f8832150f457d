/** What was refused and how to mend it, in the console's words; what the API said itself is folded below. */

import { useTranslation } from "react-i18next";
import { problemText } from "../api/said";
import { OwnWords } from "./OwnWords";

export function Said({ error }: { error: unknown }) {
  const { t } = useTranslation();
  return (
    <>
      {problemText(error, (kind) => t(`error.${kind}.title`))} <OwnWords error={error} />
    </>
  );
}
