"""Widget properties a device or the HTTP API may set.

Source: blynk-protocol §7.1 (both generations) and §12.5.
"""

PROPERTY_NAMES = frozenset(
    {
        "label",
        "color",
        "onLabel",
        "offLabel",
        "onColor",
        "offColor",
        "onBackColor",
        "offBackColor",
        "onImageUrl",
        "offImageUrl",
        "labels",
        "min",
        "max",
        "isOnPlay",
        "url",
        "urls",
        "step",
        "valueFormatting",
        "suffix",
        "maximumFractionDigits",
        "opacity",
        "scale",
        "rotation",
        "isDisabled",
        "isHidden",
        "isMuted",
        "page",
        "autoplay",
        "loop",
    }
)
