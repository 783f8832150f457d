"""What callers may ask for, as the settings say it."""

from typing import TYPE_CHECKING

from deploy.settings import Settings

if TYPE_CHECKING:
    from context_api.http.limits.rules import LimitDefaults


def limit_defaults(settings: Settings) -> "LimitDefaults":
    """Give the limits of those for whom none was set; a setting of 0 is no limit."""
    from context_api.http.limits.bucket import Rate
    from context_api.http.limits.rules import LimitDefaults

    def rate(per_second: float) -> Rate | None:
        return Rate(per_second, max(1.0, 2 * per_second)) if per_second else None

    return LimitDefaults(
        key=rate(settings.limit_key),
        organisation=rate(settings.limit_organisation),
        anonymous=rate(settings.limit_anonymous),
        streams=settings.limit_streams or None,
        subscriptions=settings.limit_subscriptions or None,
        entities_per_day=settings.limit_entities or None,
    )
