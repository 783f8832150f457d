"""Codes of what people meet in forms, so that a client can say it in a language of its own.

The `type` of a problem says of what kind it is, the `pointer` where; a code says which it is, and stays the
same when the text is written anew. One table: an error has the code it was raised with, else that of its
class, else that of what it stands for (its cause). Most errors have none.
"""

from enum import StrEnum
from typing import Final, TypeVar

from context_api.notifications.delivery import MessageError
from context_api.notifications.outbound import OutboundRefused
from context_api.policy.errors import NotGranted
from context_api.store.account_changes import AccountExists
from context_api.store.errors import StoreUnavailable
from context_api.store.invitations import InvitationVoid, TooManyInvitations
from context_api.store.keys import TooManyKeys
from context_api.store.organisations import OrganisationExists, OrganisationInUse, TenantsUnknown
from devices.bulk.errors import ImportConflict, TooManyImports
from devices.errors import AuthorityUnusable, CredentialRefused, DeviceChanged, DeviceExists


class ProblemCode(StrEnum):
    """The `code` of a problem."""

    ACCOUNT_EXISTS = "account-exists"
    ACCOUNT_IS_OWN = "account-is-own"
    ALARM_RULE_EXISTS = "alarm-rule-exists"
    AUTHORITY_UNUSABLE = "authority-unusable"
    CREDENTIAL_REFUSED = "credential-refused"
    DATABASE_AWAY = "database-away"
    DEVICE_CHANGED = "device-changed"
    DEVICE_EXISTS = "device-exists"
    ENDPOINT_REFUSED = "endpoint-refused"
    IMPORT_STATE = "import-state"
    IMPORTS_FULL = "imports-full"
    INVITATION_VOID = "invitation-void"
    INVITATIONS_FULL = "invitations-full"
    KEY_VOID = "key-void"
    KEYS_FULL = "keys-full"
    MESSAGE_UNWRITABLE = "message-unwritable"
    NO_PERMISSION = "no-permission"
    NO_TENANT = "no-tenant"
    NOT_GRANTED = "not-granted"
    NOT_YOURS = "not-yours"
    NOTHING_GRANTED = "nothing-granted"
    ORGANISATION_EXISTS = "organisation-exists"
    ORGANISATION_IN_USE = "organisation-in-use"
    SUBSCRIPTION_NOT_ACTIVE = "subscription-not-active"
    TENANT_CLOSED = "tenant-closed"
    TENANT_EXISTS = "tenant-exists"
    TENANTS_UNKNOWN = "tenants-unknown"


_OF_CLASS: Final[dict[type[BaseException], ProblemCode]] = {
    AccountExists: ProblemCode.ACCOUNT_EXISTS,
    AuthorityUnusable: ProblemCode.AUTHORITY_UNUSABLE,
    CredentialRefused: ProblemCode.CREDENTIAL_REFUSED,
    DeviceChanged: ProblemCode.DEVICE_CHANGED,
    DeviceExists: ProblemCode.DEVICE_EXISTS,
    ImportConflict: ProblemCode.IMPORT_STATE,
    InvitationVoid: ProblemCode.INVITATION_VOID,
    MessageError: ProblemCode.MESSAGE_UNWRITABLE,
    NotGranted: ProblemCode.NOT_GRANTED,
    OrganisationExists: ProblemCode.ORGANISATION_EXISTS,
    OrganisationInUse: ProblemCode.ORGANISATION_IN_USE,
    OutboundRefused: ProblemCode.ENDPOINT_REFUSED,
    StoreUnavailable: ProblemCode.DATABASE_AWAY,
    TenantsUnknown: ProblemCode.TENANTS_UNKNOWN,
    TooManyImports: ProblemCode.IMPORTS_FULL,
    TooManyInvitations: ProblemCode.INVITATIONS_FULL,
    TooManyKeys: ProblemCode.KEYS_FULL,
}


_Error = TypeVar("_Error", bound=BaseException)


def mark(error: _Error, code: ProblemCode) -> _Error:
    """Give an error a code that its class does not tell; returns the error."""
    vars(error)["problem_code"] = code
    return error


def code_of(error: BaseException) -> ProblemCode | None:
    """Give the code of an error, where it has one."""
    marked = vars(error).get("problem_code")
    if isinstance(marked, ProblemCode):
        return marked
    own = _OF_CLASS.get(type(error))
    return own if own is not None or error.__cause__ is None else _OF_CLASS.get(type(error.__cause__))
