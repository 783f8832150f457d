"""Which route needs which permission, and which roles have it. What stands in no table is refused.

A permission opens the door of a route; what is seen and changed behind it, the grants decide
(`policy.rights`). Whoever adds a route adds its line to `PERMISSIONS`; a test asks for it.
"""

from collections.abc import Mapping
from enum import StrEnum

from starlette.types import Scope

from context_api.http.errors import Forbidden, HttpError, Unauthorized
from context_api.http.problem_codes import ProblemCode, mark
from context_api.policy.grant import Operation
from context_api.policy.principal import Principal
from context_api.policy.roles import Role


class Permission(StrEnum):
    """What a route may be for."""

    OPEN = "open"
    """Nothing is needed: health, words, and doors that look at secrets of their own."""
    IDENTITY = "identity"
    """Who somebody is; everybody who came in."""
    ENTITIES_READ = "entities:read"
    ENTITIES_WRITE = "entities:write"
    ENTITIES_DELETE = "entities:delete"
    HISTORY_READ = "history:read"
    HISTORY_WRITE = "history:write"
    STREAM = "stream:read"
    SUBSCRIPTIONS = "subscriptions"
    SUBSCRIPTIONS_OWN = "subscriptions:own"
    """Look after those there are, of one's own organisation: also when nothing is granted to it any more."""
    ALARMS = "alarms"
    SOURCES = "sources"
    CONTEXTS_READ = "contexts:read"
    CONTEXTS_WRITE = "contexts:write"
    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    DEVICES_OWN_READ = "devices:own:read"
    """What operators see is narrowed to their organisation's devices; others see all of the tenant."""
    DEVICES_OWN_WRITE = "devices:own:write"
    PROFILES_READ = "profiles:read"
    PROFILES_WRITE = "profiles:write"
    QUARANTINE = "quarantine"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    GRANTS = "grants"
    ERASURE = "erasure"
    STATEMENTS_READ = "statements:read"
    STATEMENTS_WRITE = "statements:write"
    ACCOUNTS = "accounts"
    METRICS = "metrics"
    AUDIT = "audit"
    LIMITS = "limits"
    USAGE = "usage"
    ORGANISATIONS = "organisations"
    KEYS = "keys"
    """One's own, and those of colleagues: `http.access.rules` says which."""


P = Permission
_EVERYBODY = frozenset(Role)
_KNOWN = _EVERYBODY - {Role.ANONYMOUS}
_TOWN = frozenset((Role.ADMINISTRATOR, Role.STAFF))
_ADMINISTRATORS = frozenset((Role.ADMINISTRATOR,))

ROLES: Mapping[Permission, frozenset[Role]] = {
    P.OPEN: _EVERYBODY,
    P.IDENTITY: _KNOWN,
    P.ENTITIES_READ: _EVERYBODY,
    P.ENTITIES_WRITE: _ADMINISTRATORS | {Role.SERVICE},
    P.ENTITIES_DELETE: _ADMINISTRATORS | {Role.SERVICE},
    P.HISTORY_READ: _EVERYBODY,
    P.HISTORY_WRITE: _ADMINISTRATORS,
    P.STREAM: _KNOWN,
    P.SUBSCRIPTIONS: _KNOWN,
    P.SUBSCRIPTIONS_OWN: _KNOWN,
    # An alarm writes an Alert into the town's context, and a source may take writes away from it
    P.ALARMS: _TOWN | {Role.OPERATOR},
    P.SOURCES: _ADMINISTRATORS,
    P.CONTEXTS_READ: _KNOWN,
    P.CONTEXTS_WRITE: _ADMINISTRATORS,
    P.DEVICES_READ: _TOWN,
    P.DEVICES_WRITE: _ADMINISTRATORS,
    P.DEVICES_OWN_READ: _TOWN | {Role.OPERATOR},
    P.DEVICES_OWN_WRITE: _ADMINISTRATORS | {Role.OPERATOR},
    P.PROFILES_READ: _TOWN | {Role.OPERATOR},
    P.PROFILES_WRITE: _ADMINISTRATORS,
    P.QUARANTINE: _ADMINISTRATORS,
    P.SETTINGS_READ: _TOWN,
    P.SETTINGS_WRITE: _ADMINISTRATORS,
    P.GRANTS: _ADMINISTRATORS,
    P.ERASURE: _ADMINISTRATORS,
    P.STATEMENTS_READ: _KNOWN,
    P.STATEMENTS_WRITE: _ADMINISTRATORS,
    P.ACCOUNTS: _ADMINISTRATORS,
    P.METRICS: _ADMINISTRATORS,
    P.ORGANISATIONS: _ADMINISTRATORS,
    P.KEYS: _KNOWN,
    P.AUDIT: _ADMINISTRATORS,
    P.LIMITS: _ADMINISTRATORS,
    P.USAGE: _KNOWN,
}

OPERATIONS: Mapping[Permission, Operation] = {
    P.ENTITIES_READ: Operation.READ,
    P.STREAM: Operation.READ,
    P.ENTITIES_WRITE: Operation.WRITE,
    P.ENTITIES_DELETE: Operation.DELETE,
    P.HISTORY_READ: Operation.HISTORY,
    P.SUBSCRIPTIONS: Operation.SUBSCRIBE,
    P.ALARMS: Operation.SUBSCRIBE,
}
"""For what grants are looked at behind the door; in the others' answers there is nothing that grants give."""

_BY_PERMISSION: Mapping[Permission, tuple[str, ...]] = {
    P.OPEN: (
        *("health", "readiness", "serveContext", "listOpenData", "authenticateClient", "authorizeClient"),
        *("pushMessage", "pushFiwareUltraLight", "pushFiwareUltraLightByGet", "pushFiwareJson"),
        *("pushFiwareUltraLightAttribute", "pushFiwareJsonAttribute"),
        *("getSession", "logIn", "logOut", "passCode", "changePassword", "redeemReset", "listSessions"),
        *("endSession", "beginEnrolment", "confirmEnrolment", "removeApp", "renewRecoveryCodes"),
        "getApp",
        *("startProviderLogin", "finishProviderLogin"),
        "acceptInvitation",
    ),
    P.ORGANISATIONS: (
        *("createOrganisation", "changeOrganisation", "deleteOrganisation", "createTenant"),
        *("createInvitation", "listInvitations", "revokeInvitation"),
    ),
    P.KEYS: (
        *("listKeys", "createKey", "getKey", "rotateKey", "revokeKey"),
        *("listOrganisations", "getOrganisation", "listTenants"),
    ),
    P.IDENTITY: ("retrieveSourceIdentity", "getMe"),
    P.ENTITIES_READ: (
        *("queryEntities", "queryEntitiesByPost", "retrieveEntity"),
        *("listTypes", "retrieveType", "listAttributes", "retrieveAttribute"),
    ),
    P.ENTITIES_WRITE: (
        *("createEntity", "replaceEntity", "mergeEntity", "_refuse_nameless"),
        *("updateAttributes", "appendAttributes", "partialUpdateAttribute", "replaceAttribute"),
        *("createBatch", "upsertBatch", "updateBatch", "mergeBatch"),
    ),
    P.ENTITIES_DELETE: ("deleteEntity", "deleteAttribute", "deleteBatch", "purgeEntities"),
    P.HISTORY_READ: (
        *("retrieveTemporal", "queryTemporal", "queryTemporalByPost"),
        *("getHistory", "queryHistory", "getCompleteness"),
    ),
    P.HISTORY_WRITE: (
        *("upsertTemporal", "deleteTemporal", "appendTemporalAttributes", "deleteTemporalAttribute"),
        *("modifyTemporalInstance", "deleteTemporalInstance"),
    ),
    P.STREAM: ("streamChanges", "createStreamTicket"),
    P.SUBSCRIPTIONS: ("createSubscription", "previewSubscription"),
    P.SUBSCRIPTIONS_OWN: (
        *("listSubscriptions", "retrieveSubscription", "updateSubscription"),
        *("deleteSubscription", "listSubscriptionOverviews"),
        *("getSubscriptionOverview", "changeSubscriptionSettings", "listDeliveries", "listDeadLetters"),
        *("getDeadLetter", "replayDeadLetters", "catchUp", "testSubscription", "pauseSubscription"),
        *("resumeSubscription", "getDeliveryStatistics"),
    ),
    P.ALARMS: (
        *("listAlarmRules", "createAlarmRule", "getAlarmRule", "replaceAlarmRule", "switchAlarmRule"),
        *("deleteAlarmRule", "listAlarmStates"),
    ),
    P.SOURCES: (
        *("createRegistration", "queryRegistrations", "retrieveRegistration", "updateRegistration"),
        "deleteRegistration",
    ),
    P.CONTEXTS_READ: ("listContexts",),
    P.CONTEXTS_WRITE: ("addContext", "deleteContext"),
    P.DEVICES_READ: ("listDeviceGroups", "listWaitingDevices", "listHealthRules", "getMaintenance"),
    P.DEVICES_OWN_READ: (
        *("listDevices", "getDevice", "listDeviceChanges", "listCredentials", "listCertificates"),
        *("getDeviceLabels", "getBrokerAuthority", "getDeviceTemplateCsv", "getDeviceTemplateXlsx"),
    ),
    P.DEVICES_WRITE: (
        *("importDevices", "listDeviceImports"),
        *("getDeviceImport", "deleteDeviceImport", "getDeviceImportReport", "takeDeviceImportCredentials"),
        *("getDeviceImportLabels", "putHealthRule", "deleteHealthRule", "putMaintenance"),
        *("deleteMaintenance", "putDeviceGroup", "deleteDeviceGroup", "approveDevice", "rejectDevice"),
    ),
    P.DEVICES_OWN_WRITE: (
        *("registerDevice", "editDevice", "retireDevice", "replaceDeviceHardware", "issueCredential"),
        *("revokeCredential", "signCertificate", "revokeCertificate"),
    ),
    P.PROFILES_READ: ("listProfiles", "getProfile", "listProfileVersions", "previewProfile"),
    P.PROFILES_WRITE: ("createProfile", "updateProfile", "deleteProfile"),
    P.QUARANTINE: (
        *("listQuarantine", "countQuarantine", "getQuarantinedMessage", "replayQuarantine"),
        "discardQuarantine",
    ),
    P.SETTINGS_READ: ("listIndexes", "getIndex", "listRetention", "getRetention"),
    P.SETTINGS_WRITE: ("declareIndex", "deleteIndex", "setRetention", "removeRetention"),
    P.GRANTS: (
        *("listGrants", "createGrant", "getGrant", "replaceGrant", "deleteGrant", "explainAccess"),
        *("listTypePolicies", "getTypePolicy", "putTypePolicy"),
    ),
    P.STATEMENTS_READ: ("listDataStatements", "getDataStatement"),
    P.STATEMENTS_WRITE: ("putDataStatement",),
    P.ERASURE: ("erase", "listErasures", "getErasure", "verifyErasure"),
    P.ACCOUNTS: ("createAccount", "listAccounts", "getAccount", "changeAccount", "resetAccount"),
    P.METRICS: ("metrics", "getSystem"),
    P.AUDIT: ("listAudit",),
    P.LIMITS: ("listLimits", "setLimit", "removeLimit"),
    P.USAGE: ("getUsage",),
}
PERMISSIONS: Mapping[str, Permission] = {
    operation_id: permission for permission, listed in _BY_PERMISSION.items() for operation_id in listed
}


def check_permission(scope: Scope, operation_id: str) -> None:
    """Let a request through to a route. Raises Forbidden, or Unauthorized where nobody came in."""
    permission = PERMISSIONS.get(operation_id)
    principal: Principal = scope["machi.principal"]
    if permission is None or principal.role not in ROLES[permission]:
        raise refusal(principal, permission)


def operation_of(scope: Scope) -> Operation | None:
    """Give the operation for which grants are looked at behind a route; None: for none."""
    permission = PERMISSIONS.get(scope["route"].name)
    return None if permission is None else OPERATIONS.get(permission)


def refusal(principal: Principal, permission: Permission | None) -> HttpError:
    """Say what is missing."""
    if permission is None:
        return Forbidden("This route is closed: nothing says who may use it")
    if principal.role == Role.ANONYMOUS:
        return Unauthorized("A key is needed: send the header Authorization: Bearer <key>")
    said = f"This needs the permission {permission}, which the role {principal.role} does not have"
    return mark(Forbidden(said), ProblemCode.NO_PERMISSION)


def no_grant(principal: Principal, operation: Operation, tenant: str) -> HttpError:
    """Say that behind the door nothing is granted."""
    if principal.role == Role.ANONYMOUS:
        return Unauthorized("A key is needed: send the header Authorization: Bearer <key>")
    refused = Forbidden(
        f"Nothing is granted to you in the tenant {tenant} for the operation {operation}: ask the town for a"
        " grant"
    )
    return mark(refused, ProblemCode.NOTHING_GRANTED)
