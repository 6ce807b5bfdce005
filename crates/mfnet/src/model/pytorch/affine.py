    shift, scale = numbers("inputs")
    return (x - shift) / scale
