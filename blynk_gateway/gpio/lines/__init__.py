"""How GPIO lines are claimed: back ends, edges, the kernel's chip and PWM, simulated pins."""
