"""What goes, by age and by size."""
