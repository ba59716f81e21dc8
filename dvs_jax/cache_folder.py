"""Where copies of what lies elsewhere are kept on this machine."""

import os
from pathlib import Path

CACHE_VARIABLE = "DVS_JAX_CACHE"


def cache_folder() -> Path:
    """Return where downloads are kept: $DVS_JAX_CACHE, else the platform's folder for caches."""
    return Path(os.environ.get(CACHE_VARIABLE) or _platforms_cache()).expanduser()


# pooch is imported only where it is needed: for its cache folder, and for downloads.
def _platforms_cache() -> Path:
    import pooch

    return pooch.os_cache("dvs_jax")
