"""Builders of training datasets, one folder each.

- `data.dvs_clips`: the released dataset, or a folder of your own clips in its layout.
- `data.synthetic_clips`: synthetic clips, in bulk.

A builder derives from `data.record_builder.RecordBuilder` and implements `records`;
`data.record_builder.build` writes them as ArrayRecord files, without TensorFlow, to a folder that
`dvs_jax.fused.loader` reads.
"""
