import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { Confirm } from "../../../components/Confirm";
import { Notice } from "../../../components/states";
import { type DeviceImport, type Report, sendFile } from "./asking";
import { Refusal } from "./Checking";
import { forgetFile, keepFile } from "./logic/kept";

interface Props {
  report: Report;
  file: File;
  onSent: (found: DeviceImport) => void;
}

/** Has the judged file carried out; where rows are wrong, only after a question, and without them. */
export function RegisterThem({ report, file, onSent }: Props) {
  const { t } = useTranslation("devices/import");
  const queries = useQueryClient();
  const [isAsked, setAsked] = useState(false);
  const count = report.create + report.update;
  const isPartial = report.faulty > 0;
  const sending = useMutation({
    mutationFn: () => sendFile({ file, isDryRun: false, isPartial, signal: new AbortController().signal }),
    onSuccess: async (found) => {
      if (found.state === "refused") await keepFile(found.id, file); // somebody changed a device meanwhile
      else forgetFile();
      void queries.invalidateQueries({ queryKey: ["devices"] });
      onSent(found);
    },
  });
  const words = report.update === 0 ? "register.new" : report.create === 0 ? "register.changed" : "register.both";
  const text = t(words, { count, made: report.create, changed: report.update });
  return (
    <>
      {sending.isError && !isAsked && (
        <Notice kind="bad">
          <Refusal error={sending.error} name={file.name} />
        </Notice>
      )}
      <div>
        {isPartial ? (
          <Button onClick={() => setAsked(true)}>{t("register.partial", { count })}</Button>
        ) : (
          <Button kind="main" icon="check" isBusy={sending.isPending} onClick={() => sending.mutate()}>
            {text}
          </Button>
        )}
      </div>
      {isAsked && (
        <Confirm
          kind="main"
          title={t("register.askTitle", { count: report.faulty })}
          yes={t("register.partial", { count })}
          isBusy={sending.isPending}
          error={sending.error}
          onYes={() => sending.mutate()}
          onClose={() => setAsked(false)}
        >
          <p>{t("register.askText")}</p>
        </Confirm>
      )}
    </>
  );
}
