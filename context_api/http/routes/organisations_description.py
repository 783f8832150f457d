"""Organisations, keys, invitations and tenants: what the routes accept and answer."""

from context_api.http.negotiation import JSON
from context_api.http.operation import Answer, Operation, RequestBody
from context_api.http.parameters import Parameter
from context_api.http.schemas_organisations import (
    ACCEPTANCE,
    INVITATION,
    INVITATION_DRAFT,
    KEY,
    KEY_DRAFT,
    ME,
    NEW_INVITATION,
    NEW_KEY,
    ORGANISATION,
    ORGANISATION_CHANGE,
    ORGANISATION_DRAFT,
    ROTATION,
    TENANT,
)

JSON_ONLY = (JSON,)
_TAG = "Access"
_ORGANISATION = {"organisation": "kitayama-sensors"}
_KEY_PATH = {"prefix": "abcdefgh"}
_INVITATION_PATH = {**_ORGANISATION, "prefix": "bcdefghi"}
_LOCATION = {"Location": "Where it is found"}

GET_ME = Operation(
    id="getMe",
    tag=_TAG,
    summary="Tell who one is",
    description="The name in the audit trail, role, organisation, tenants that the credential opens, until "
    "when the key is valid, and the permissions that the role has.",
    answers={200: Answer(description="Whoever asks", schema="Me", example=ME)},
    errors=(400, 403, 406),
)
LIST_TENANTS = Operation(
    id="listTenants",
    tag=_TAG,
    summary="List the tenants one opens",
    answers={200: Answer(description="By name", schema="TenantList", example={"tenants": [TENANT]})},
    errors=(400, 403, 406),
)
CREATE_TENANT = Operation(
    id="createTenant",
    tag=_TAG,
    summary="Make a tenant",
    description="For administrators of the installation. A tenant is for good; a first write to it makes "
    "it as well, if it is theirs.",
    body=RequestBody(schema="TenantDraft", example={"name": "kitayama"}, media_types=JSON_ONLY),
    answers={201: Answer(description="Made", schema="Tenant", example=TENANT)},
    errors=(403, 406, 409),
)
LIST_ORGANISATIONS = Operation(
    id="listOrganisations",
    tag=_TAG,
    summary="List organisations",
    description="For administrators those they look after, for others their own.",
    answers={
        200: Answer(
            description="By name", schema="OrganisationList", example={"organisations": [ORGANISATION]}
        )
    },
    errors=(400, 403, 406),
)
CREATE_ORGANISATION = Operation(
    id="createOrganisation",
    tag=_TAG,
    summary="Make an organisation",
    description="Its name is its id, and never changes. Devices name it as their owner.",
    body=RequestBody(schema="OrganisationDraft", example=ORGANISATION_DRAFT, media_types=JSON_ONLY),
    answers={201: Answer(description="Made", schema="Organisation", example=ORGANISATION, headers=_LOCATION)},
    errors=(403, 406, 409),
)
GET_ORGANISATION = Operation(
    id="getOrganisation",
    tag=_TAG,
    summary="Get an organisation",
    path_examples=_ORGANISATION,
    answers={200: Answer(description="The organisation", schema="Organisation", example=ORGANISATION)},
    errors=(400, 403, 404, 406),
)
CHANGE_ORGANISATION = Operation(
    id="changeOrganisation",
    tag=_TAG,
    summary="Change an organisation, or disable it",
    description="What is absent stays. While it is disabled, its keys and people come in no more (within two "
    "seconds), open streams end, and its subscriptions rest; nothing is lost.",
    path_examples=_ORGANISATION,
    body=RequestBody(schema="OrganisationChange", example=ORGANISATION_CHANGE, media_types=JSON_ONLY),
    answers={200: Answer(description="As it is now", schema="Organisation", example=ORGANISATION)},
    errors=(403, 404, 406),
)
DELETE_ORGANISATION = Operation(
    id="deleteOrganisation",
    tag=_TAG,
    summary="Delete an organisation that nothing refers to",
    path_examples=_ORGANISATION,
    answers={204: Answer(description="Deleted")},
    errors=(400, 403, 404, 409),
)
LIST_KEYS = Operation(
    id="listKeys",
    tag=_TAG,
    summary="List keys",
    description="Administrators see those they look after, others those of their organisation; a service "
    "its own. Never the keys themselves: only hashes are kept.",
    accepts=("organisation",),
    overrides={"organisation": Parameter(description="Only this one's", example="kitayama-sensors")},
    answers={200: Answer(description="The oldest first", schema="ApiKeyList", example={"keys": [KEY]})},
    errors=(403, 404, 406),
)
CREATE_KEY = Operation(
    id="createKey",
    tag=_TAG,
    summary="Make a key",
    description="With a role and tenants of one's own at most. The answer holds the key, this once.",
    body=RequestBody(schema="ApiKeyDraft", example=KEY_DRAFT, media_types=JSON_ONLY),
    answers={201: Answer(description="Made", schema="NewApiKey", example=NEW_KEY, headers=_LOCATION)},
    errors=(403, 404, 406, 409),
)
GET_KEY = Operation(
    id="getKey",
    tag=_TAG,
    summary="Get what is known of a key",
    path_examples=_KEY_PATH,
    answers={200: Answer(description="The key without its secret", schema="ApiKey", example=KEY)},
    errors=(400, 403, 404, 406),
)
ROTATE_KEY = Operation(
    id="rotateKey",
    tag=_TAG,
    summary="Put a new key in the place of one",
    description="The new key has the same role, tenants, label and grants. The old one ends after the "
    "overlap. A key may rotate itself; administrators rotate those they look after.",
    path_examples=_KEY_PATH,
    body=RequestBody(schema="ApiKeyRotation", example=ROTATION, media_types=JSON_ONLY),
    answers={201: Answer(description="The new key", schema="NewApiKey", example=NEW_KEY, headers=_LOCATION)},
    errors=(403, 404, 406, 409),
)
REVOKE_KEY = Operation(
    id="revokeKey",
    tag=_TAG,
    summary="Make a key void",
    description="It opens nothing any more, on every process within two seconds; open streams end.",
    path_examples=_KEY_PATH,
    answers={204: Answer(description="Void")},
    errors=(400, 403, 404),
)
INVITE = Operation(
    id="createInvitation",
    tag=_TAG,
    summary="Invite an organisation",
    description="Gives a code to be sent to it, which is exchanged once for its first key: so nobody else "
    "sees that key. The code is shown this once.",
    path_examples=_ORGANISATION,
    body=RequestBody(schema="InvitationDraft", example=INVITATION_DRAFT, media_types=JSON_ONLY),
    answers={201: Answer(description="Invited", schema="NewInvitation", example=NEW_INVITATION)},
    errors=(403, 404, 406, 409),
)
LIST_INVITATIONS = Operation(
    id="listInvitations",
    tag=_TAG,
    summary="List the invitations of an organisation",
    path_examples=_ORGANISATION,
    answers={
        200: Answer(
            description="The newest first", schema="InvitationList", example={"invitations": [INVITATION]}
        )
    },
    errors=(400, 403, 404, 406),
)
REVOKE_INVITATION = Operation(
    id="revokeInvitation",
    tag=_TAG,
    summary="Take an invitation back",
    path_examples=_INVITATION_PATH,
    answers={204: Answer(description="Void")},
    errors=(400, 403, 404),
)
ACCEPT = Operation(
    id="acceptInvitation",
    tag=_TAG,
    summary="Exchange an invitation for a key",
    description="Needs no key. The answer holds the first key of the organisation, this once.",
    body=RequestBody(schema="InvitationAcceptance", example=ACCEPTANCE, media_types=JSON_ONLY),
    answers={201: Answer(description="The key", schema="NewApiKey", example=NEW_KEY)},
    errors=(403, 406, 409, 429, 503),
    headers=(),
    is_open=True,
)
