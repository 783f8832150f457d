"""The names of operations that a context source may offer (clause 4.20)."""

_PROVISION = """
createEntity updateEntity appendAttrs updateAttrs deleteAttrs deleteEntity createBatch upsertBatch updateBatch
deleteBatch upsertTemporal appendAttrsTemporal deleteAttrsTemporal updateAttrInstanceTemporal
deleteAttrInstanceTemporal deleteTemporal mergeEntity replaceEntity replaceAttrs mergeBatch purgeEntity
"""
_DISCOVERY = """
retrieveEntityTypes retrieveEntityTypeDetails retrieveEntityTypeInfo retrieveAttrTypes retrieveAttrTypeDetails
retrieveAttrTypeInfo
"""
_SUBSCRIPTION = (
    "createSubscription updateSubscription retrieveSubscription querySubscription deleteSubscription"
)
_ENTITY_MAPS = "retrieveEntityMap updateEntityMap deleteEntityMap createEntityMapQueryEntity"

GROUPS: dict[str, frozenset[str]] = {
    name: frozenset(members.split())
    for name, members in {
        "federationOps": f"retrieveEntity queryEntity queryBatch {_DISCOVERY} {_SUBSCRIPTION} {_ENTITY_MAPS}"
        " retrieveContextSourceIdentity",
        "associationOps": f"retrieveEntity queryEntity queryBatch {_DISCOVERY} {_SUBSCRIPTION}"
        " retrieveContextSourceIdentity",
        "updateOps": "updateEntity updateAttrs replaceEntity replaceAttrs",
        "retrieveOps": "retrieveEntity queryEntity",
        "redirectionOps": "createEntity updateEntity appendAttrs updateAttrs deleteAttrs deleteEntity"
        f" mergeEntity replaceEntity replaceAttrs retrieveEntity queryEntity purgeEntity {_DISCOVERY}"
        f" {_ENTITY_MAPS} retrieveContextSourceIdentity",
    }.items()
}
"""Group -> the operations in it."""

_SINGLE = frozenset(
    f"{_PROVISION} {_DISCOVERY} {_SUBSCRIPTION} {_ENTITY_MAPS} retrieveEntity queryEntity queryBatch"
    " retrieveTemporal queryTemporal createEntityMapQueryTemporal retrieveContextSourceIdentity".split()
)
OPERATION_NAMES = _SINGLE | frozenset(GROUPS)

WRITING = frozenset(_PROVISION.split())
"""What a source that only fills gaps cannot offer (clause 5.9.2.4)."""


def list_operations(names: tuple[str, ...]) -> frozenset[str]:
    """Give the operations that names of operations and groups stand for."""
    return frozenset(one for name in names for one in GROUPS.get(name, (name,)))
