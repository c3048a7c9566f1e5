"""Annotations of parameters: allowed values, and how widgets show them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Default:
    value: Any = None


@dataclass(frozen=True)
class Decimals:
    value: int


@dataclass(frozen=True)
class SingleStep:
    value: float


@dataclass(frozen=True)
class WithinRange:
    minimum: float
    maximum: float

    def validate(self, value: Any) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{value} is not within {self.minimum} to {self.maximum}")


@dataclass(frozen=True)
class Minimum:
    minimum: float

    def validate(self, value: Any) -> None:
        if value < self.minimum:
            raise ValueError(f"{value} is below {self.minimum}")


@dataclass(frozen=True)
class Maximum:
    maximum: float

    def validate(self, value: Any) -> None:
        if value > self.maximum:
            raise ValueError(f"{value} is above {self.maximum}")


@dataclass(frozen=True)
class Choice:
    choices: list

    def validate(self, value: Any) -> None:
        if value not in self.choices:
            raise ValueError(f"{value!r} is none of {self.choices}")


@dataclass(frozen=True)
class Annotations:
    """Everything a parameter is annotated with."""

    all: tuple[Any, ...]

    def validate(self, value: Any) -> None:
        for each in self.all:
            if hasattr(each, "validate"):
                each.validate(value)

    def first(self, kind: type) -> Any:
        return next((each for each in self.all if isinstance(each, kind)), None)

    def limit(self, name: str) -> float | None:
        return next((getattr(each, name) for each in self.all if hasattr(each, name)), None)
