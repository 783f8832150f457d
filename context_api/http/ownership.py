"""What the owner of a subscription is granted, for the routes that tell and change how it stands."""

from context_api.http.errors import Forbidden
from context_api.http.problem_codes import ProblemCode, mark
from context_api.http.services import Services
from context_api.policy.grant import Operation
from context_api.store.access import Access, Owner
from context_api.store.owners import ADMINISTRATOR, Sight, as_principal, sight_of
from context_api.store.store import system_clock


async def owner_sight(services: Services, tenant_id: int, owner: Owner) -> Sight | None:
    """Give what an owner may be notified of; None: everything."""
    if owner.role == ADMINISTRATOR:
        return None
    who, cache = as_principal(owner), services.rights
    known = cache.recall(tenant_id, who)
    rights = known[0] if known is not None else await services.run(cache.get, tenant_id, who)
    return sight_of(rights, Operation.SUBSCRIBE)


def may_subscribe(sight: Sight | None) -> bool:
    """Whether an owner may be notified of anything at all now."""
    return sight is None or sight.rights.allows(Operation.SUBSCRIBE, system_clock())


async def check_owner(services: Services, access: Access) -> None:
    """Raise Forbidden where what is to be made would never be told of anything."""
    if access.owner is None or may_subscribe(await owner_sight(services, access.tenant_id, access.owner)):
        return
    refused = Forbidden(
        f"Nothing is granted to your organisation in the tenant {access.tenant} for the operation subscribe."
        " A subscription belongs to the organisation, so what was granted to a single key does not count: ask"
        " the town for a grant"
    )
    raise mark(refused, ProblemCode.NOTHING_GRANTED)
