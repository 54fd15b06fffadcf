"""Following an object in squares around it: what MaskTrack-lite and STM-XS share."""
