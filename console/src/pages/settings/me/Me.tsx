import { useAuth } from "../../../app/auth";
import { ErrorState, Loading } from "../../../components/states";
import { useMe } from "../people/asking";
import { AuthenticatorApp } from "./AuthenticatorApp";
import { Elsewhere } from "./Elsewhere";
import { Identity } from "./Identity";
import { Password } from "./Password";
import { SessionList } from "./SessionList";
import { TenantChoice } from "./TenantChoice";

/** Who one is, how one logs in, and where one is logged in. */
export default function Me() {
  const { visitor } = useAuth();
  const me = useMe();
  if (me.isPending) return <Loading />;
  if (me.data === undefined) return <ErrorState error={me.error} onRetry={() => void me.refetch()} />;
  const isSession = visitor.kind === "session";
  const provider = visitor.session?.provider ?? undefined;
  return (
    <>
      <Identity me={me.data} />
      <TenantChoice />
      {isSession && provider === undefined && (
        <>
          <Password />
          <AuthenticatorApp />
        </>
      )}
      {isSession && provider !== undefined && <Elsewhere provider={provider} />}
      {isSession && <SessionList />}
    </>
  );
}
