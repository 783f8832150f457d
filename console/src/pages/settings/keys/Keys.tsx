import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useAuth } from "../../../app/auth";
import { Button } from "../../../components/Button";
import { CheckBox } from "../../../components/Field";
import { EmptyState, ErrorState, Loading, Notice } from "../../../components/states";
import { rolesToGive } from "../people/giving";
import { type Organisation, useMe, useOrganisations } from "../people/asking";
import styles from "../people/people.module.css";
import { type Key, type NewKey, useKeys } from "./asking";
import { KeyDialog } from "./KeyDialog";
import { KeyTable } from "./KeyTable";
import { type Caller, isAlive } from "./logic/standing";
import { NewSecret } from "./NewSecret";
import { Revoke } from "./Revoke";
import { Rotate } from "./Rotate";

type Open = { kind: "make" } | { kind: "rotate" | "revoke"; key: Key } | { kind: "made"; made: NewKey; isOwn: boolean };

/** Keys of the API: one's own, and those that one looks after. */
export default function Keys() {
  const { t } = useTranslation("settings/keys");
  const [open, setOpen] = useState<Open>();
  const { caller, organisations, error, retry } = useCaller();
  const mayMake = organisations.length > 0;
  const shut = () => setOpen(undefined);
  const show = (made: NewKey, isOwn = false) => setOpen({ kind: "made", made, isOwn });
  const make = mayMake && (
    <Button kind="main" icon="plus" onClick={() => setOpen({ kind: "make" })}>
      {t("make")}
    </Button>
  );
  return (
    <>
      <header className={styles.head}>
        <div>
          <h2>{t("title")}</h2>
          <p className={styles.soft}>{t("lead")}</p>
        </div>
        {make}
      </header>
      {caller === undefined && (error === null ? <Loading /> : <ErrorState error={error} onRetry={retry} />)}
      {caller !== undefined && !mayMake && <Notice>{t("mayNot")}</Notice>}
      {caller !== undefined && (
        <List
          caller={caller}
          organisations={organisations}
          make={make}
          onRotate={(key) => setOpen({ kind: "rotate", key })}
          onRevoke={(key) => setOpen({ kind: "revoke", key })}
        />
      )}
      {open?.kind === "make" && caller !== undefined && <KeyDialog role={caller.role} organisations={organisations} onMade={show} onClose={shut} />}
      {open?.kind === "rotate" && <Rotate of={open.key} isOwn={open.key.prefix === caller?.prefix} onMade={show} onClose={shut} />}
      {open?.kind === "revoke" && <Revoke of={open.key} isOwn={open.key.prefix === caller?.prefix} onClose={shut} />}
      {open?.kind === "made" && <NewSecret made={open.made} isOwn={open.isOwn} onClose={shut} />}
    </>
  );
}

/** Who asks, and the organisations in which they may make keys. */
function useCaller(): { caller: Caller | undefined; organisations: readonly Organisation[]; error: Error | null; retry: () => void } {
  const { visitor } = useAuth();
  const me = useMe();
  const known = useOrganisations();
  const role = visitor.role ?? "anonymous";
  const own = me.data?.organisation?.name;
  const isElsewhere = role === "administrator"; // who looks after others' keys as well
  const organisations = (known.data ?? []).filter((one) => one.disabledAt == null && rolesToGive(role, one.kind).length > 0 && (isElsewhere || one.name === own));
  // One's own comes first: it is the usual one
  const sorted = [...organisations].sort((one, other) => Number(other.name === own) - Number(one.name === own));
  const error = me.data === undefined ? me.error : null;
  const retry = () => void me.refetch();
  if (me.data === undefined || known.isPending) return { caller: undefined, organisations: [], error, retry };
  return { caller: { role, organisation: own, prefix: me.data.key?.prefix }, organisations: sorted, error, retry };
}

interface ListProps {
  caller: Caller;
  organisations: readonly Organisation[];
  make: React.ReactNode;
  onRotate: (key: Key) => void;
  onRevoke: (key: Key) => void;
}

function List({ make, ...table }: ListProps) {
  const { t } = useTranslation("settings/keys");
  const [isAll, setAll] = useState(false);
  const keys = useKeys();
  if (keys.isPending) return <Loading />;
  if (keys.data === undefined) return <ErrorState error={keys.error} onRetry={() => void keys.refetch()} />;
  const dead = keys.data.filter((key) => !isAlive(key)).length;
  const shown = isAll ? keys.data : keys.data.filter(isAlive);
  return (
    <>
      {shown.length === 0 && (
        <EmptyState icon="lock" title={t("none.title")} action={make}>
          {t("none.text")}
        </EmptyState>
      )}
      {shown.length > 0 && <KeyTable keys={shown} {...table} />}
      {dead > 0 && <CheckBox label={t("all", { count: dead })} checked={isAll} onChange={(event) => setAll(event.target.checked)} />}
    </>
  );
}
