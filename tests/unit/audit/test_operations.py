"""Every operation that changes something is recorded in the audit trail, or it is said here why not."""

from pathlib import Path

from context_api.http.app import create_app
from context_api.http.operation import DirectRoute
from context_api.http.settings import ApiSettings

_STORE = Path(__file__).parents[3] / "context_api" / "store"
_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}

AUDITED = {
    "entity": "deleteEntity deleteBatch purgeEntities",
    "history": "deleteTemporal deleteTemporalAttribute modifyTemporalInstance deleteTemporalInstance",
    "retention": "setRetention removeRetention",
    "grant": "createGrant replaceGrant deleteGrant",
    "type-policy": "putTypePolicy",
    "data-statement": "putDataStatement",
    "erasure": "erase",
    "subscription": "createSubscription updateSubscription deleteSubscription changeSubscriptionSettings"
    " pauseSubscription resumeSubscription",
    "dead-letter": "replayDeadLetters",
    "alarm-rule": "createAlarmRule replaceAlarmRule switchAlarmRule deleteAlarmRule",
    "context": "addContext deleteContext",
    "registration": "createRegistration updateRegistration deleteRegistration",
    "device": "registerDevice editDevice retireDevice replaceDeviceHardware",
    "device-credential": "issueCredential revokeCredential takeDeviceImportCredentials",
    "device-certificate": "signCertificate revokeCertificate",
    "device-import": "importDevices deleteDeviceImport",
    "device-group": "putDeviceGroup deleteDeviceGroup",
    "waiting-device": "approveDevice rejectDevice",
    "maintenance": "putMaintenance deleteMaintenance",
    "health-rule": "putHealthRule deleteHealthRule",
    "quarantined-message": "replayQuarantine discardQuarantine",
    "index": "declareIndex deleteIndex",
    "profile": "createProfile updateProfile deleteProfile",
    "limit": "setLimit removeLimit",
    "tenant": "createTenant",
    "organisation": "createOrganisation changeOrganisation deleteOrganisation",
    "invitation": "createInvitation revokeInvitation acceptInvitation",
    "api-key": "createKey revokeKey rotateKey",
    "session": "logIn logOut endSession",
    "account": "createAccount changeAccount resetAccount passCode changePassword redeemReset confirmEnrolment"
    " removeApp renewRecoveryCodes",
}
"""Kind of thing -> what is done to it."""

NOT_AUDITED = {
    "a query in a body: it changes nothing": "queryEntitiesByPost queryTemporalByPost queryHistory"
    " previewProfile previewSubscription explainAccess verifyErasure",
    "data: history says what, when and by whom": "createEntity replaceEntity mergeEntity updateAttributes"
    " appendAttributes partialUpdateAttribute replaceAttribute deleteAttribute createBatch upsertBatch"
    " updateBatch mergeBatch upsertTemporal appendTemporalAttributes",
    "data of devices: counted per device, and kept in history or in quarantine": "pushMessage pushFiwareJson"
    " pushFiwareUltraLight pushFiwareJsonAttribute pushFiwareUltraLightAttribute",
    "answers a broker; it changes nothing": "authenticateClient authorizeClient",
    "always refused": "_refuse_nameless",
    "sends its own notifications again to the subscription's own endpoint, counted there": "catchUp"
    " testSubscription",
    "a pass of half a minute for what the caller may do anyway": "createStreamTicket",
    "shows a secret that counts for nothing before it is confirmed": "beginEnrolment",
}
"""Why -> what."""


def _unsafe_operations() -> set[str]:
    app = create_app(ApiSettings(database_url="postgresql:///none", auth=False))
    routes = [route for route in app.router.routes if isinstance(route, DirectRoute)]
    return {route.name for route in routes if route.methods and route.methods & _UNSAFE}


def _split(table: dict[str, str]) -> list[str]:
    return [name for names in table.values() for name in names.split()]


def test_every_unsafe_operation_is_recorded_or_has_a_reason_not_to_be() -> None:
    audited, others = _split(AUDITED), _split(NOT_AUDITED)
    assert len(audited + others) == len(set(audited + others))
    assert _unsafe_operations() - set(audited + others) == set(), "record it, or say here why not"
    assert set(audited + others) - _unsafe_operations() == set(), "these operations are gone"


def test_the_store_records_every_kind() -> None:
    files = [file for file in _STORE.glob("*.py") if "store.audit import" in file.read_text("utf-8")]
    text = "\n".join(file.read_text("utf-8") for file in files)
    assert [kind for kind in AUDITED if f'"{kind}"' not in text] == []
