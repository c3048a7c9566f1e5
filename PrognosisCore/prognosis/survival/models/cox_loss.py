"""Cox's negative log partial likelihood for networks."""

import torch
from torch import Tensor


def cox_loss(risk: Tensor, time: Tensor, event: Tensor, weight: Tensor) -> Tensor:
    """Weighted negative log partial likelihood with Breslow's treatment of ties.

    An example of several of one patient (annotations) weighs 1/m. The sum over events is divided by the total weight
    of the events, so that the loss does not depend on how many examples a patient has.

    Args:
        risk: (n,) log partial hazards.
        time: (n,) follow-up times, any unit.
        event: (n,) 1 where the event was seen, 0 where censored.
        weight: (n,) positive weights.

    Returns:
        A scalar.

    Raises:
        ValueError: No example has an event.
    """
    event_weight = weight * event
    total = event_weight.sum()
    if total <= 0:
        msg = "cox_loss needs at least one event"
        raise ValueError(msg)
    order = torch.argsort(time, descending=True, stable=True)
    sorted_time = time[order]
    log_cumulative = torch.logcumsumexp(risk[order] + torch.log(weight[order]), dim=0)
    # Examples tied in time share one risk set: the cumulative sum at the last of them.
    last_of_tie = torch.searchsorted(-sorted_time, -sorted_time, right=True) - 1
    log_risk_set = log_cumulative[last_of_tie]
    return (event_weight[order] * (log_risk_set - risk[order])).sum() / total
