"""A pickle machine of our own: it knows data, and calls nothing but the constructors it is handed.

Python's unpickler imports and calls whatever a file names. Here the instructions are carried out one by one on plain
values; one that stands in no table below, and a name that is not in the given allow list, end the reading.
"""

from collections.abc import Callable, Mapping
from typing import Any

from prognosis.bundles.foreign.arrays import set_array_state, set_kind_state
from prognosis.bundles.foreign.containers import CONTAINER_STEPS
from prognosis.bundles.foreign.instructions import instructions
from prognosis.bundles.foreign.limits import Budget, NotDataError, shown
from prognosis.bundles.foreign.records import ForeignName, ForeignObject, NumpyKind, StoredArray
from prognosis.bundles.foreign.stack import Stack, exactly

_HIGHEST_PROTOCOL = 5
_PUSHED = frozenset(
    {
        *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
        *("BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    }
)
_STACK_STEPS: dict[str, Callable[[Stack], None]] = {
    **CONTAINER_STEPS,
    "MARK": Stack.mark,
    "POP": Stack.drop,
    "POP_MARK": lambda stack: stack.pop_to_mark().clear(),
    "DUP": lambda stack: stack.push(stack.top()),
    "MEMOIZE": Stack.remember_next,
    "FRAME": lambda _: None,
}
_MEMO_STEPS: dict[str, Callable[[Stack, int], None]] = {
    "BINPUT": Stack.remember,
    "LONG_BINPUT": Stack.remember,
    "BINGET": Stack.recall,
    "LONG_BINGET": Stack.recall,
}


def read_pickle(
    raw: bytes,
    at: int,
    names: Mapping[str, ForeignName],
    budget: Budget,
    *,
    storage_of: Callable[[object], object] | None = None,
) -> tuple[Any, int]:
    """Read one pickle as data.

    Args:
        raw: The file.
        at: Where in it the pickle begins.
        names: The allow list, 'module.name' -> what it stands for.
        budget: What the pickle may cost.
        storage_of: Finds the storage that a persistent id means; None where there are none.

    Returns:
        What it holds, and the position behind it.

    Raises:
        NotDataError: It asks for anything else; the message names it.
        ValueError: It is cut short, damaged or too large.
    """
    machine = _Machine(names, budget, storage_of)
    for instruction in instructions(raw, at):
        budget.take_steps()
        if instruction.name == "STOP":
            return machine.stack.pop(), instruction.end
        machine.step(instruction.name, instruction.argument)
    raise ValueError("a pickle has no end")


class _Machine:
    def __init__(
        self, names: Mapping[str, ForeignName], budget: Budget, storage_of: Callable[[object], object] | None
    ) -> None:
        self.stack = Stack()
        self._names = names
        self._budget = budget
        self._storage_of = storage_of
        self._own_steps: dict[str, Callable[[], None]] = {
            "STACK_GLOBAL": self._name_from_stack,
            "REDUCE": self._build,
            "NEWOBJ": self._build,
            "BUILD": self._set_state,
            "BINPERSID": self._outside_storage,
        }

    def step(self, opcode: str, argument: Any) -> None:
        """Carry out one instruction."""
        if opcode in _PUSHED:
            self.stack.push(argument)
        elif opcode in _STACK_STEPS:
            _STACK_STEPS[opcode](self.stack)
        elif opcode in _MEMO_STEPS:
            _MEMO_STEPS[opcode](self.stack, argument)
        elif opcode in self._own_steps:
            self._own_steps[opcode]()
        elif opcode == "GLOBAL":
            self._push_name(*argument)
        elif opcode != "PROTO" or argument > _HIGHEST_PROTOCOL:
            raise ValueError(f"its pickle instruction {opcode} {argument} is not known")

    def _name_from_stack(self) -> None:
        name, module = exactly(str, self.stack.pop()), exactly(str, self.stack.pop())
        self._push_name(module, name)

    def _push_name(self, module: str, name: str) -> None:
        known = self._names.get(f"{module}.{name}")
        if known is None:
            raise NotDataError(f"asks for {shown(f'{module}.{name}')}")
        self.stack.push(known)

    def _build(self) -> None:
        """Make what a name of the allow list stands for; the only calls there are go to this program's constructors."""
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, ForeignName) or name.build is None:
            called = name.name if isinstance(name, ForeignName) else f"a {type(name).__name__}"
            raise NotDataError(f"calls {shown(called)}")
        self.stack.push(name.build(exactly(tuple, arguments)))

    def _set_state(self) -> None:
        state, target = self.stack.pop(), self.stack.top()
        if isinstance(target, StoredArray):
            set_array_state(target, state, self._budget)
        elif isinstance(target, NumpyKind):
            set_kind_state(target, state)
        elif isinstance(target, ForeignObject) and isinstance(state, dict):
            self._budget.take_steps(len(state))
            target.state.update({exactly(str, name): value for name, value in state.items()})
        elif not (isinstance(target, dict) and isinstance(state, dict)):
            # Attributes of a dictionary (a state dict's version notes) are no entries of it, and are left out.
            raise NotDataError(f"sets the state of a {type(target).__name__} by a {type(state).__name__}")

    def _outside_storage(self) -> None:
        identity = self.stack.pop()
        if self._storage_of is None:
            raise NotDataError("asks for an outside object (a persistent id)")
        self.stack.push(self._storage_of(identity))
