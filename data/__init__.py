"""Builders of training data, a folder each, and how to make one's own.

- `data.dvs_clips`: the released dataset, or a folder of one's own clips in its layout.
- `data.synthetic_clips`: clips made from nothing, in bulk.

A builder derives from `data.record_builder.RecordBuilder` and says where its records come from;
`data.record_builder.build` writes them, in ArrayRecord files and without TensorFlow. What
`dvs_jax.fused.loader` reads is the folder that it returns.
"""
