import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../../components/Button";
import { TextField } from "../../../components/Field";
import { EmptyState, ErrorState, Loading } from "../../../components/states";
import styles from "../people/people.module.css";
import { AccountTable } from "./AccountTable";
import { type Account, type AccountWithCode, useAccounts } from "./asking";
import { ChangeAccount } from "./ChangeAccount";
import { Disable } from "./Disable";
import { HandOver } from "./HandOver";
import { matches } from "./logic/standing";
import { NewAccount } from "./NewAccount";
import { Reset } from "./Reset";

type Open = { kind: "new" } | { kind: "change" | "reset" | "disable"; account: Account } | { kind: "made"; made: AccountWithCode };
const MANY = 8; // accounts above which one looks for them by name

/** The people who log in with accounts of Machi's own. */
export default function Accounts() {
  const { t } = useTranslation("settings/accounts");
  const [open, setOpen] = useState<Open>();
  const shut = () => setOpen(undefined);
  const show = (made: AccountWithCode) => setOpen({ kind: "made", made });
  const accounts = useAccounts();
  const make = (
    <Button kind="main" icon="plus" onClick={() => setOpen({ kind: "new" })}>
      {t("new.title")}
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
      {accounts.isPending && <Loading />}
      {accounts.isError && accounts.data === undefined && <ErrorState error={accounts.error} onRetry={() => void accounts.refetch()} />}
      {accounts.data?.length === 0 && (
        <EmptyState icon="people" title={t("none.title")}>
          {t("none.text")}
        </EmptyState>
      )}
      {accounts.data !== undefined && accounts.data.length > 0 && <List accounts={accounts.data} onOpen={(account) => setOpen({ kind: "change", account })} />}
      {open?.kind === "new" && <NewAccount taken={new Set(accounts.data?.map((one) => one.name))} onMade={show} onClose={shut} />}
      {open?.kind === "change" && (
        <ChangeAccount of={open.account} onReset={() => setOpen({ ...open, kind: "reset" })} onDisable={() => setOpen({ ...open, kind: "disable" })} onClose={shut} />
      )}
      {open?.kind === "reset" && <Reset of={open.account} onMade={show} onClose={shut} />}
      {open?.kind === "disable" && <Disable of={open.account} onClose={shut} />}
      {open?.kind === "made" && <HandOver made={open.made} onClose={shut} />}
    </>
  );
}

function List({ accounts, onOpen }: { accounts: readonly Account[]; onOpen: (account: Account) => void }) {
  const { t } = useTranslation("settings/accounts");
  const [words, setWords] = useState("");
  const shown = accounts.filter((one) => matches(one, words.trim()));
  return (
    <>
      {accounts.length > MANY && <TextField label={t("search")} type="search" maxLength={100} value={words} onChange={(event) => setWords(event.target.value)} />}
      {shown.length === 0 ? <p role="status">{t("nobody")}</p> : <AccountTable accounts={shown} onOpen={onOpen} />}
    </>
  );
}
