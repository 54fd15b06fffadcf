"""One-shot methods: OSVOS, MaskTrack, OSMN, OnAVOS and SegFlow."""
