"""Organisations with keys and grants, as an administrator makes them."""

from typing import Any

from context_api.ngsild.contexts import core_context
from context_api.policy.credentials import OrganisationKind
from context_api.policy.grant import Operation
from context_api.policy.roles import Role
from context_api.store.access import Access
from context_api.store.database import Database
from context_api.store.grants import GrantTerms, create_grant, delete_grant, put_personal
from context_api.store.keys import KeyDraft, create_key, revoke_key
from context_api.store.organisations import OrganisationDraft, create_organisation, set_disabled
from context_api.store.tenants import Tenants

CORE = core_context()
SECRET = b"a secret of the tests"
LISTENING = (Operation.READ, Operation.HISTORY, Operation.SUBSCRIBE)


class Partners:
    """The organisations of one tenant."""

    def __init__(self, database: Database, tenant: str = "default") -> None:
        self.database = database
        self.access = Access(tenant, Tenants(database).find(tenant, create=True), "test")
        self.ids: dict[str, int] = {}
        self._prefixes: dict[str, str] = {}

    def add(self, name: str, role: Role = Role.PARTNER) -> dict[str, str]:
        """Make an organisation with a key; gives the headers that show it."""
        if name not in self.ids:
            draft = OrganisationDraft(name=name, kind=OrganisationKind.PARTNER, tenants=[self.access.tenant])
            self.ids[name] = create_organisation(self.database, draft, by="test").id
        made = create_key(
            self.database, SECRET, draft=KeyDraft(organisation_id=self.ids[name], role=role, label=name)
        )
        self._prefixes[name] = made.key.prefix
        return {"Authorization": f"Bearer {made.text}"}

    def grant(self, name: str, *operations: Operation, **terms: Any) -> int:
        """Grant something (names may be short); gives the id of the grant."""
        for member in ("types", "attributes"):
            terms[member] = tuple(CORE.expand(one) for one in terms.get(member, ()))
        given = GrantTerms(operations=operations or LISTENING, **terms)
        return create_grant(self.database, self.access, given, organisation=name).id

    def withdraw(self, grant_id: int) -> None:
        """Take a grant back."""
        delete_grant(self.database, self.access, grant_id)

    def mark_personal(self, type_: str, *names: str) -> None:
        """Mark attributes of a type as personal."""
        put_personal(self.database, self.access, CORE.expand(type_), tuple(map(CORE.expand, names)))

    def disable(self, name: str, *, is_disabled: bool = True) -> None:
        """Disable an organisation, or enable it."""
        set_disabled(self.database, self.ids[name], is_disabled=is_disabled, by="test")

    def revoke(self, name: str) -> None:
        """Revoke the key that was made last."""
        assert revoke_key(self.database, self._prefixes[name])
