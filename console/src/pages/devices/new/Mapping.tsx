import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { TextArea } from "../../../components/Field";
import { Said } from "../../../components/Said";
import { ErrorState, Loading, Notice } from "../../../components/states";
import { preview, useProfile } from "./asking";
import { Becomes } from "./Becomes";
import { readPayload } from "./logic/payload";
import styles from "./New.module.css";
import { draftOf, flawsOf, type Form, type ProfileDocument, sampleOf } from "../logic/draft";

/** What a message of the device would become, while the form is filled in. Nothing is written. */
export function Mapping({ form }: { form: Form }) {
  const { t } = useTranslation("devices/new");
  const profile = useProfile(form.profile);
  const [typed, setTyped] = useState<string>();
  const document = profile.data?.document as ProfileDocument | undefined;
  const isBytes = document?.codec !== undefined;
  const text = typed ?? (document === undefined ? "" : sampleOf(document));
  const asked = useDeferredValue(text);
  const payload = useMemo(() => readPayload(asked, isBytes), [asked, isBytes]);
  const device = useDeferredValue(draftOf(flawsOf(form, "name").length > 0 ? { ...form, id: "preview" } : form));
  const found = useQuery({
    queryKey: ["devices", "preview", form.profile, asked, device.id, device.location?.coordinates],
    queryFn: ({ signal }) => preview(form.profile, "value" in payload ? payload.value : null, isBytes ? "hex" : undefined, withoutProfile(device), signal),
    enabled: document !== undefined && "value" in payload,
    retry: false,
    placeholderData: (before) => before,
    staleTime: Infinity,
  });
  return (
    <section className={styles.section} aria-labelledby="mapping">
      <h2 id="mapping">{t("mapping.title")}</h2>
      {form.profile === "" && <p className={styles.soft}>{t("mapping.first")}</p>}
      {form.profile !== "" && profile.isPending && <Loading />}
      {profile.isError && <ErrorState error={profile.error} onRetry={() => void profile.refetch()} />}
      {document !== undefined && (
        <>
          <TextArea
            label={t("mapping.message")}
            hint={t(isBytes ? "mapping.hexHint" : "mapping.jsonHint")}
            rows={8}
            spellCheck={false}
            maxLength={10_000}
            value={text}
            onChange={(event) => setTyped(event.target.value)}
            {...("flaw" in payload && payload.flaw !== "empty" && { error: t(`flaw.${payload.flaw}`, { line: payload.line }) })}
          />
          {"value" in payload && found.isError && (
            <Notice kind="bad">
              {t("mapping.failed")} <Said error={found.error} />
            </Notice>
          )}
          {"value" in payload && found.isSuccess && <Becomes found={found.data} />}
        </>
      )}
    </section>
  );
}

function withoutProfile({ id, name, location }: ReturnType<typeof draftOf>) {
  return { id, ...(name !== undefined && { name }), ...(location !== undefined && { location }) };
}
