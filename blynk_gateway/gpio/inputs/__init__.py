"""What GPIO lines and converters tell: buttons, counters, distances, voltages."""
