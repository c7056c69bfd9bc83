"""How report.py and check.py open results.

They may be somebody else's, and HDF5 opens whatever path a file's links name; where nothing is there it goes on looking in HDF5_EXT_PREFIX
and in the current folder, where another study may lie. So a file with links that betafield does not write is refused, and the one kind that
matters here, from study.h5 to configs/c0000.h5 beside it, is followed by hand.
"""
import re
from pathlib import Path

import h5py

if not hasattr(h5py.Group, "visititems_links"):
    raise ImportError(f"h5py 3.11 or newer is needed, this is {h5py.__version__}")

STATUS = ("pending", "running", "done", "diverged", "failed", "stopped")
STUDY_LINKS = re.compile(r"(configs/c\d+) \1\.h5|data/\S+ data\.h5")     # those of study.h5: where they are, and the file they lead to


class Unreadable(Exception):
    """Why a file cannot be read, as a sentence."""


def plain(value):
    """What h5py read, with a text as Python's own."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def open_file(path):
    """An HDF5 file for reading; Unreadable when it is none, is damaged, or leads elsewhere."""
    try:
        if not path.is_file():
            raise Unreadable(f"{path} is no file" if path.exists() else f"there is no {path}")
        file = h5py.File(path, "r")
    except OSError as error:
        raise Unreadable(f"{path}: {error}") from None
    try:
        elsewhere = file.visititems_links(lambda name, link: leads_elsewhere(file, name, link))
    except (OSError, RuntimeError, KeyError) as error:
        file.close()
        raise Unreadable(f"{path}: {error}") from None
    if elsewhere:
        file.close()
        raise Unreadable(f"{path} is not read: {elsewhere}")
    return file


def leads_elsewhere(file, name, link):
    """How what stands there in an open file leads to other files, as a sentence; None when it does not, or as betafield's own links do."""
    if isinstance(link, h5py.ExternalLink):
        own = Path(file.filename).name == "study.h5" and STUDY_LINKS.fullmatch(f"{name} {link.filename}")
        return None if own else f"/{name} is a link to {link.filename}"
    if isinstance(link, h5py.SoftLink):
        return f"/{name} is a link to {link.path}"
    found = file.get(name)
    apart = isinstance(found, h5py.Dataset) and (found.external or found.is_virtual)
    return f"/{name} has its values in other files" if apart else None


def configuration(study, number):
    """The group of a configuration of an open study.h5; None when it has not ended, or its file is not there (yet)."""
    name = f"configs/c{number:04d}"
    if name not in study:           # which does not follow a link
        return None
    if study.id.links.get_info(name.encode()).type == h5py.h5l.TYPE_HARD:
        return study[name]
    here = Path(study.filename)
    path = next((p for p in (here.parent / f"{name}.h5", here.resolve().parent / f"{name}.h5") if p.exists()), None)
    if path is None:
        return None
    group = open_file(path).get(name)
    if group is None:
        raise Unreadable(f"{path} has no /{name}")
    return group
