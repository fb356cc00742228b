"""The cost of a call, from its answer."""

from darkroom.adapters.generators.openrouter.descriptors import dollars
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.money import Money


def cost_of(answer: Answer) -> Money | None:
    """Return the cost of a call; None if the answer does not give all of it.

    If the operator has brought a key for the maker (BYOK), `cost` is OpenRouter's fee alone, and the maker's price is
    in `cost_details`.
    """
    usage = answer.document().get("usage")
    if not isinstance(usage, dict) or (fee := dollars(usage.get("cost"))) is None:
        return None
    if usage.get("is_byok") is not True:
        return fee
    details = usage.get("cost_details")
    makers = dollars(details.get("upstream_inference_cost")) if isinstance(details, dict) else None
    return Money(fee.amount + makers.amount, "USD") if makers else None
