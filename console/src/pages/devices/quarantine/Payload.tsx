import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Choice } from "../../../components/Field";
import { formatCount } from "../../../format/numbers";
import type { Inspected } from "./asking";
import { byteOf, hexLines, markText, spotOf } from "./logic/spot";
import styles from "./Quarantine.module.css";

/** What a message holds, as text or in hexadecimal, with the place marked that the decoder speaks of. */
export function Payload({ message }: { message: Inspected }) {
  const { t } = useTranslation("devices/quarantine");
  const isText = message.payloadEncoding !== "base64";
  const [form, setForm] = useState<"text" | "hex">(isText ? "text" : "hex");
  const spot = spotOf(message.detail);
  const byte = isText ? byteOf(message.payload ?? "", spot) : spot.byte;
  return (
    <section aria-labelledby="payload" className={styles.part}>
      <h3 id="payload">{t("payload.title")}</h3>
      {isText && (
        <Choice
          label={t("payload.form")}
          isLabelHidden
          value={form}
          options={[
            { value: "text", label: t("payload.text") },
            { value: "hex", label: t("payload.hex") },
          ]}
          onChange={setForm}
        />
      )}
      {byte !== undefined && <p className={styles.soft}>{t("payload.byte", { byte: formatCount(byte + 1) })}</p>}
      {form === "text" ? <Text message={message} /> : <Hex hex={message.payloadHex ?? ""} byte={byte} />}
    </section>
  );
}

function Text({ message }: { message: Inspected }) {
  const { t } = useTranslation("devices/quarantine");
  const text = message.payload ?? "";
  const parts = markText(text, spotOf(message.detail));
  if (text === "") return <p>{t("column.empty")}</p>;
  return (
    <pre className={styles.code} tabIndex={0} role="region" aria-label={t("payload.text")}>
      {parts === undefined ? (
        text
      ) : (
        <>
          {parts[0]}
          <mark>{parts[1]}</mark>
          {parts[2]}
        </>
      )}
    </pre>
  );
}

function Hex({ hex, byte }: { hex: string; byte: number | undefined }) {
  const { t } = useTranslation("devices/quarantine");
  if (hex === "") return <p>{t("column.empty")}</p>;
  return (
    <pre className={styles.code} tabIndex={0} role="region" aria-label={t("payload.hex")}>
      {hexLines(hex).map((line, row) => (
        <span key={line.at}>
          <span className={styles.offset}>{line.at} </span>
          {line.pairs.map((pair, column) => (
            <span key={column}>
              {row * 16 + column === byte ? <mark>{pair}</mark> : pair}{" "}
            </span>
          ))}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
