"""What a call cost, as its answer says."""

from darkroom.adapters.generators.openrouter.descriptors import dollars
from darkroom.adapters.outbound_http.answer import Answer
from darkroom.domain.model.money import Money


def cost_of(answer: Answer) -> Money | None:
    """The cost of a call; None if the answer does not say all of it.

    With a key of the operator's own for the maker, OpenRouter's `cost` is its fee alone, and the maker's price stands
    beside it.
    """
    usage = answer.document().get("usage")
    if not isinstance(usage, dict) or (fee := dollars(usage.get("cost"))) is None:
        return None
    if usage.get("is_byok") is not True:
        return fee
    details = usage.get("cost_details")
    makers = dollars(details.get("upstream_inference_cost")) if isinstance(details, dict) else None
    return Money(fee.amount + makers.amount, "USD") if makers else None
