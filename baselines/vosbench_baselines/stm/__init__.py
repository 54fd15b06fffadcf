"""Space-Time Memory networks (ICCV 2019) and their refinements."""
