"""What the routes of organisations, keys and invitations call: each looks at who asks, then at the store."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

from context_api.http.access.drafts import (
    Acceptance,
    InvitationOrder,
    KeyOrder,
    OrganisationChange,
    OrganisationOrder,
    Rotation,
    check_name,
    in_utc,
)
from context_api.http.access.rules import (
    check_role,
    choose_end,
    choose_tenants,
    first_role,
    manages,
    may_revoke,
    may_rotate,
    plan_key,
    sees,
    sees_key,
)
from context_api.http.errors import Forbidden, TooManyRequests
from context_api.http.ingestion import client_host
from context_api.http.problem_codes import ProblemCode, mark
from context_api.http.services import Services
from context_api.ngsild.errors import AlreadyExists, BadRequestData, Conflict, ResourceNotFound
from context_api.policy.credentials import OrganisationKind, covers
from context_api.policy.principal import Principal
from context_api.store import invitations, keys, organisations
from context_api.store.invitations import Invitation, InvitationDraft, NewInvitation
from context_api.store.keys import ApiKey, KeyDraft, NewKey
from context_api.store.organisations import (
    Organisation,
    OrganisationDraft,
    OrganisationExists,
    OrganisationInUse,
    Tenant,
    TenantsUnknown,
    Texts,
)
from devices.limits import RateLimiter

FAILURES_PER_MINUTE = 10.0
"""Wrong codes of invitations from one address."""
_ADDRESSES = 20_000


class AccessDesk:
    """One per application."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._failures = RateLimiter(FAILURES_PER_MINUTE, burst_minutes=1.0, max_keys=_ADDRESSES)

    async def list_organisations(self, caller: Principal) -> list[Organisation]:
        """List those the caller may know of."""
        found = await self._services.run(organisations.list_organisations, self._services.database)
        return [one for one in found if sees(caller, one)]

    async def get_organisation(self, caller: Principal, name: str) -> Organisation:
        """Give one. Raises ResourceNotFound, also where the caller is not to know of it."""
        found = await self._services.run(organisations.get_organisation, self._services.database, name)
        if found is None or not sees(caller, found):
            raise ResourceNotFound(f"There is no organisation {name[:80]!r}")
        return found

    async def own_organisation(self, caller: Principal) -> Organisation | None:
        """Give the caller's own."""
        if caller.organisation is None:
            return None
        database = self._services.database
        return await self._services.run(organisations.get_organisation_by_id, database, caller.organisation)

    async def create_organisation(self, caller: Principal, order: OrganisationOrder) -> Organisation:
        """Make one. Raises BadRequestData, AlreadyExists, Forbidden."""
        check_name(order.name)
        if order.kind is OrganisationKind.PUBLIC:
            raise BadRequestData("There is one public, and it is there: public", pointer="/kind")
        if not caller.runs_installation and (not order.tenants or not covers(caller, order.tenants)):
            refused = Forbidden(
                "You can make organisations in the tenants that you open; name them in tenants"
            )
            raise mark(refused, ProblemCode.NOT_YOURS)
        draft = OrganisationDraft(
            name=order.name,
            kind=order.kind,
            name_ja=order.name_ja,
            name_en=order.name_en,
            contact=order.contact,
            tenants=sorted(set(order.tenants)),
        )
        try:
            return await self._services.run(
                organisations.create_organisation, self._services.database, draft, by=caller.name
            )
        except OrganisationExists as error:
            raise AlreadyExists(str(error)) from error
        except TenantsUnknown as error:
            raise _unknown_tenants(error) from error

    async def change_organisation(
        self, caller: Principal, name: str, change: OrganisationChange
    ) -> Organisation:
        """Change how one is called, its tenants, whether it is disabled. Raises Forbidden, BadRequestData."""
        found = await self._managed(caller, name)
        _check_change(caller, found, change)
        run, database = self._services.run, self._services.database
        texts = Texts(
            found.name_ja if change.name_ja is None else change.name_ja,
            found.name_en if change.name_en is None else change.name_en,
            found.contact if change.contact is None else change.contact,
        )
        if texts != Texts(found.name_ja, found.name_en, found.contact):
            found = await run(organisations.change_organisation, database, found.id, texts, by=caller.name)
        if change.tenants is not None:
            try:
                found = await run(
                    organisations.set_tenants, database, found.id, change.tenants, by=caller.name
                )
            except TenantsUnknown as error:
                raise _unknown_tenants(error) from error
        if change.disabled is not None:
            changed = await run(
                organisations.set_disabled, database, found.id, is_disabled=change.disabled, by=caller.name
            )
            found = found if changed is None else changed
        return found

    async def delete_organisation(self, caller: Principal, name: str) -> None:
        """Forget one that nothing refers to. Raises Conflict, Forbidden."""
        found = await self._managed(caller, name)
        if found.is_of_every_tenant or found.id == caller.organisation or not covers(caller, found.tenants):
            raise mark(Forbidden(f"{found.name} is not yours to delete"), ProblemCode.NOT_YOURS)
        try:
            await self._services.run(
                organisations.delete_organisation, self._services.database, found.id, by=caller.name
            )
        except OrganisationInUse as error:
            raise Conflict(str(error)) from error

    async def list_tenants(self, caller: Principal) -> list[Tenant]:
        """List the tenants the caller opens."""
        return await self._services.run(organisations.list_tenants, self._services.database, caller.tenants)

    async def create_tenant(self, caller: Principal, name: str) -> Tenant:
        """Make a tenant, for good. Raises Forbidden, AlreadyExists."""
        if not caller.runs_installation:
            raise Forbidden("Only administrators of the whole installation make tenants")
        run, database = self._services.run, self._services.database
        if await run(organisations.list_tenants, database, [name]):
            raise mark(AlreadyExists(f"There is a tenant {name!r} already"), ProblemCode.TENANT_EXISTS)
        await run(self._services.store.tenant, name, create=True)
        made = await run(organisations.list_tenants, database, [name])
        return made[0]

    async def list_keys(self, caller: Principal, organisation: str | None) -> list[ApiKey]:
        """List the keys the caller may know of."""
        chosen = None
        if organisation is not None:
            chosen = [(await self.get_organisation(caller, organisation)).id]
        elif not caller.runs_installation:
            chosen = [one.id for one in await self.list_organisations(caller)]
        found = await self._services.run(keys.list_keys, self._services.database, chosen)
        return [key for key in found if sees_key(caller, key)]

    async def get_key(self, caller: Principal, prefix: str) -> ApiKey:
        """Give what is known of a key. Raises ResourceNotFound."""
        found = await self._services.run(keys.get_key, self._services.database, prefix)
        if found is None or not sees_key(caller, found):
            raise ResourceNotFound(f"There is no key {prefix[:40]!r}")
        return found

    async def own_key(self, caller: Principal) -> ApiKey | None:
        """Give the key that the caller came in with; None for people."""
        if not caller.name.startswith("key:"):
            return None
        prefix = caller.name.removeprefix("key:")
        return await self._services.run(keys.get_key, self._services.database, prefix)

    async def create_key(self, caller: Principal, order: KeyOrder) -> NewKey:
        """Make a key. Raises Forbidden, BadRequestData, Conflict."""
        house = await self._house(caller, order.organisation)
        draft = plan_key(caller, house, order, self._end(order.expires_at, order.days))
        await self._check_tenants(order.tenants)
        try:
            return await self._services.run(
                keys.create_key, self._services.database, self._secret(), draft=draft
            )
        except keys.TooManyKeys as error:
            raise Conflict(str(error)) from error

    async def rotate_key(self, caller: Principal, prefix: str, rotation: Rotation) -> NewKey:
        """Make a key in the place of another. Raises Forbidden, Conflict."""
        old = await self.get_key(caller, prefix)
        if not may_rotate(caller, old):
            raise Forbidden(
                "A key is rotated with itself, or by an administrator; make another, and revoke this one"
            )
        draft = KeyDraft(
            organisation_id=old.organisation_id,
            role=old.role,
            tenants=old.own_tenants,
            label=old.label,
            expires_at=self._end(rotation.expires_at, rotation.days),
            created_by=caller.name,
        )
        made = await self._services.run(
            keys.rotate_key,
            self._services.database,
            self._secret(),
            prefix,
            overlap=timedelta(hours=rotation.overlap_hours),
            draft=draft,
        )
        if made is None:
            void = Conflict(f"The key {prefix} is void, or has been rotated already")
            raise mark(void, ProblemCode.KEY_VOID)
        return made

    async def revoke_key(self, caller: Principal, prefix: str) -> None:
        """Make a key void. Raises Forbidden, ResourceNotFound."""
        found = await self.get_key(caller, prefix)
        if not may_revoke(caller, found):
            raise mark(Forbidden(f"The key {prefix} is not yours to revoke"), ProblemCode.NOT_YOURS)
        database = self._services.database
        if not await self._services.run(keys.revoke_key, database, prefix, by=caller.name):
            raise ResourceNotFound(f"The key {prefix} was revoked before")

    async def invite(self, caller: Principal, name: str, order: InvitationOrder) -> NewInvitation:
        """Make an invitation. Raises Forbidden, BadRequestData, Conflict."""
        house = await self._managed(caller, name)
        role = check_role(house, order.role or first_role(house))
        longest = self._services.settings.key_days_max
        if order.key_days is not None and order.key_days > longest:
            raise BadRequestData(
                f"A key lasts {longest} days at most (MACHI_KEY_DAYS_MAX)", pointer="/keyDays"
            )
        await self._check_tenants(order.tenants)
        draft = InvitationDraft(
            organisation_id=house.id,
            role=role,
            tenants=choose_tenants(caller, house, role, order.tenants),
            label=order.label,
            key_days=order.key_days,
            expires_at=datetime.now(UTC) + timedelta(hours=order.hours),
            created_by=caller.name,
        )
        try:
            return await self._services.run(
                invitations.create_invitation, self._services.database, self._secret(), draft
            )
        except invitations.TooManyInvitations as error:
            raise Conflict(str(error)) from error

    async def list_invitations(self, caller: Principal, name: str) -> list[Invitation]:
        """List the invitations of an organisation. Raises Forbidden."""
        house = await self._managed(caller, name)
        return await self._services.run(invitations.list_invitations, self._services.database, house.id)

    async def revoke_invitation(self, caller: Principal, name: str, prefix: str) -> None:
        """Make an invitation void. Raises Forbidden, ResourceNotFound."""
        house = await self._managed(caller, name)
        database = self._services.database
        if not await self._services.run(
            invitations.revoke_invitation, database, house.id, prefix, by=caller.name
        ):
            raise ResourceNotFound(f"There is no open invitation {prefix[:40]!r}")

    async def accept(self, request: Request, acceptance: Acceptance) -> NewKey:
        """Exchange a code for a key. Raises Forbidden, TooManyRequests, Conflict."""
        address, now = client_host(request), time.monotonic()
        wait_s = self._failures.wait_s(address, now)
        if wait_s > 0:
            raise TooManyRequests("Too many wrong codes", retry_after_s=int(wait_s) + 1)
        try:
            return await self._services.run(
                invitations.accept_invitation,
                self._services.database,
                self._secret(),
                acceptance.code.strip(),
                label=acceptance.label,
                default_days=self._services.settings.key_days,
            )
        except invitations.InvitationVoid as error:
            self._failures.judge(address, now)
            raise Forbidden(str(error)) from error
        except keys.TooManyKeys as error:
            raise Conflict(str(error)) from error

    async def _managed(self, caller: Principal, name: str) -> Organisation:
        found = await self.get_organisation(caller, name)
        if not manages(caller, found):
            refused = Forbidden(f"The organisation {found.name} is looked after by the town's administrators")
            raise mark(refused, ProblemCode.NOT_YOURS)
        return found

    async def _house(self, caller: Principal, name: str | None) -> Organisation:
        """Give the organisation that a key is made in: the caller's own, unless another is named."""
        if name is not None:
            return await self.get_organisation(caller, name)
        own = await self.own_organisation(caller)
        return own or await self.get_organisation(caller, organisations.TOWN)

    async def _check_tenants(self, tenants: Sequence[str] | None) -> None:
        if tenants:
            try:
                await self._services.run(organisations.check_tenants, self._services.database, tenants)
            except TenantsUnknown as error:
                raise _unknown_tenants(error) from error

    def _end(self, expires_at: datetime | None, days: int | None) -> datetime:
        settings = self._services.settings
        now = datetime.now(UTC)
        return choose_end(
            in_utc(expires_at), days, default=settings.key_days, longest=settings.key_days_max, now=now
        )

    def _secret(self) -> bytes:
        return self._services.settings.installation_secret


def _check_change(caller: Principal, found: Organisation, change: OrganisationChange) -> None:
    """Refuse what would lock people out, or reach beyond what the caller opens."""
    if change.tenants is not None:
        if found.is_of_every_tenant:
            raise BadRequestData(f"{found.name} belongs to every tenant", pointer="/tenants")
        if not covers(caller, set(change.tenants) ^ set(found.tenants)):
            refused = Forbidden("You can give and take tenants that you open yourself, and no others")
            raise mark(refused, ProblemCode.NOT_YOURS)
    if change.disabled:
        if found.name == organisations.TOWN or found.id == caller.organisation:
            raise BadRequestData(
                f"{found.name} is not disabled from inside: nobody could come in to enable it again",
                pointer="/disabled",
            )
        if not caller.runs_installation and not covers(caller, found.tenants):
            refused = Forbidden(f"{found.name} belongs to tenants that you do not open")
            raise mark(refused, ProblemCode.NOT_YOURS)


def _unknown_tenants(error: TenantsUnknown) -> BadRequestData:
    return BadRequestData(
        f"Here {error}; an administrator of the installation makes one with POST /api/v1/tenants",
        pointer="/tenants",
    )
