import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Listed, useDirectory } from "../../api/directory";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { CheckBox, TextField } from "../../components/Field";
import { ErrorState, Loading, Notice } from "../../components/states";
import { typeName } from "../../format/names";
import styles from "./History.module.css";
import { MAX_IDS } from "./logic/question";
import { searchable } from "./logic/ranking";

const LISTED = 300;

interface Props {
  types?: readonly string[];
  chosen: readonly string[];
  onChoose: (ids: string[]) => void;
  onClose: () => void;
}

/** Many places at once: all whose name holds a word, with one press. */
export function PlacesDialog({ types, chosen, onChoose, onClose }: Props) {
  const { t } = useTranslation("history");
  const directory = useDirectory();
  const [picked, setPicked] = useState<ReadonlySet<string>>(() => new Set(chosen));
  const [search, setSearch] = useState("");
  const found = useMemo(() => fitting(directory.data ?? [], types, search), [directory.data, types, search]);
  const isTooMany = picked.size > MAX_IDS;
  const done = () => {
    onChoose([...picked]);
    onClose();
  };
  const footer = (
    <div className={styles.actions}>
      <Button kind="main" disabled={isTooMany} onClick={done}>
        {picked.size === 0 ? t("places.all") : t("places.use", { count: picked.size })}
      </Button>
      <Button onClick={onClose}>{t("places.cancel")}</Button>
    </div>
  );
  return (
    <Dialog title={t("places.title")} onClose={onClose} footer={footer}>
      {directory.isPending && <Loading />}
      {directory.isError && <ErrorState error={directory.error} onRetry={() => void directory.refetch()} />}
      {directory.data !== undefined && (
        <div className={styles.form}>
          <TextField label={t("places.search")} type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
          <div className={styles.actions}>
            <Button disabled={found.length === 0} onClick={() => setPicked(new Set([...picked, ...found.map((one) => one.id)]))}>
              {t("places.add", { count: found.length })}
            </Button>
            <Button kind="quiet" disabled={picked.size === 0} onClick={() => setPicked(new Set())}>
              {t("places.none")}
            </Button>
          </div>
          {isTooMany && <Notice kind="warn">{t("places.full", { count: MAX_IDS })}</Notice>}
          <Checks found={found} picked={picked} onPick={setPicked} />
        </div>
      )}
    </Dialog>
  );
}

function Checks({ found, picked, onPick }: { found: readonly Listed[]; picked: ReadonlySet<string>; onPick: (ids: ReadonlySet<string>) => void }) {
  const { t } = useTranslation("history");
  const toggle = (id: string) => onPick(new Set(picked.has(id) ? [...picked].filter((one) => one !== id) : [...picked, id]));
  const hasKinds = new Set(found.flatMap((one) => one.types)).size > 1;
  return (
    <fieldset className={styles.checks}>
      <legend>{t("places.found", { count: found.length })}</legend>
      <ul className={styles.placeList}>
        {found.slice(0, LISTED).map((one) => (
          <li key={one.id}>
            <CheckBox label={hasKinds ? `${one.name} — ${typeName(one.types[0] ?? "")}` : one.name} checked={picked.has(one.id)} onChange={() => toggle(one.id)} />
          </li>
        ))}
      </ul>
      {found.length > LISTED && <p className={styles.soft}>{t("places.more", { count: found.length - LISTED })}</p>}
    </fieldset>
  );
}

function fitting(listed: readonly Listed[], types: readonly string[] | undefined, search: string): Listed[] {
  const words = searchable(search).split(/\s+/);
  return listed.filter(
    (one) => (types === undefined || one.types.some((type) => types.includes(type))) && words.every((word) => searchable(`${one.name} ${one.types.map(typeName).join(" ")} ${one.id}`).includes(word)),
  );
}
