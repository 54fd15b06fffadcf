"""Many submissions, servers and archives to upload."""
