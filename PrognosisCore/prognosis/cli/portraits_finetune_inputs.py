"""What `prognosis portraits finetune` begins with: photos, networks, and what the model shall be called."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.console import Console
from prognosis.config import resolve
from prognosis.files import require_free_space

if TYPE_CHECKING:
    from prognosis.portraits.comparing.features import FeatureNetwork
    from prognosis.portraits.finetuning.photo_set import PhotoSet
    from prognosis.portraits.finetuning.training import Start
    from prognosis.portraits.stylegan2.options import GeneratorOptions
    from prognosis.training.team import Team

PACKED = "photos.bin"
"""File of pixels in the state's folder, while they are read and as long as processes must find it."""

_IN_MEMORY_BYTES = 2_000_000_000
_COLOURS = 3
_SIZE_SUFFIX = ".toml"


def start_of(given: str, seed: int) -> "Start":
    """The networks to begin with: a model's, or new ones of the size a TOML file tells.

    Raises:
        ModelError: There is no such generator, or it is damaged.
        UsageError: The file describes no size.
    """
    from prognosis.bundles.manifest import ArchitectureKind, Method
    from prognosis.bundles.store import find_bundle
    from prognosis.portraits.finetuning.training import Start, new_start
    from prognosis.portraits.generator_bundle import load_discriminator, load_generator

    if given.lower().endswith(_SIZE_SUFFIX):
        return new_start(_size(Path(given)), seed)
    bundle = find_bundle(given, method=Method.PORTRAITS, kind=ArchitectureKind.STYLEGAN2_GENERATOR)
    manifest = bundle.manifest
    return Start(load_generator(bundle), load_discriminator(bundle), manifest.name, manifest.demonstration)


def _size(file: Path) -> "GeneratorOptions":
    from prognosis.portraits.finetuning.new_size import NewSize

    return resolve(NewSize, file).options


def features_of(given: str | None) -> "FeatureNetwork | None":
    """The VGG16 that distances are measured by, where one is named.

    Raises:
        ModelError: There is no such model.
    """
    from prognosis.bundles.manifest import ArchitectureKind, Method
    from prognosis.bundles.store import find_bundle
    from prognosis.portraits.comparing.features import bundled_vgg16

    if given is None:
        return None
    return bundled_vgg16(find_bundle(given, method=Method.PORTRAITS, kind=ArchitectureKind.FEATURES_VGG16))


@contextmanager
def read_photos(
    photos: Sequence[Path], resolution: int, state: Path, console: Console, team: "Team"
) -> Iterator["PhotoSet"]:
    """Read photos into memory; many of them into a file that all processes share.

    The file loses its name once all have opened it, so that no copy of photos outlives the run, however it ends. It
    keeps it to the end where the system deletes no open file, and where other machines read it: they would lose it.

    Raises:
        InputError: Too few photos can be used.
        UsageError: The disk cannot hold them.
    """
    from prognosis.portraits.finetuning.photo_set import map_photo_set, read_photo_set

    file, needed = state / PACKED, len(photos) * resolution**2 * _COLOURS
    shared = team.size > 1 or needed > _IN_MEMORY_BYTES
    if not team.leads:
        team.wait()
        read = map_photo_set(file, resolution)
        team.wait()
        yield read
        return
    try:
        if shared:
            require_free_space(state, needed)
        read = read_photo_set(photos, resolution, packed=file if shared else None, progress=console.progress)
        team.wait()  # the others open the file
        team.wait()
        if not team.spans_machines:
            _unlink(file)
        yield read
    finally:
        _unlink(file)


def _unlink(file: Path) -> None:
    """Delete a file; where it cannot be while it is open, it goes with its folder at the end."""
    with suppress(PermissionError):
        file.unlink(missing_ok=True)
