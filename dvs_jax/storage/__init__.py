"""Object stores: gs://BUCKET/PATH and s3://BUCKET/PATH in the place of files and folders.

`local` copies what is read into the cache, `uploaded` sends what was written, and `lease.alone`
keeps two runs from writing to one address. Local paths pass through them unchanged, and nothing is
imported for them.
"""

from dvs_jax.storage.address import address_of
from dvs_jax.storage.staging import Wanted, local, whole
from dvs_jax.storage.store import listing, matching
from dvs_jax.storage.uploading import uploaded

__all__ = ["Wanted", "address_of", "listing", "local", "matching", "uploaded", "whole"]
