namespace Totem.Accord;

/// <summary>A long request of a conductor, of which parts have come. It belongs to one component: when that is over,
/// its sender sends all of it anew.</summary>
internal sealed class PartialRequest
{
    private byte[] _bytes = [];
    private int _filled;

    /// <summary>The whole request, when all parts are there.</summary>
    public ReadOnlySpan<byte> Whole => _bytes;

    /// <summary>Adds a part: its first four bytes say how long the whole is.</summary>
    /// <returns>True when this was the last one; false when more must come; null when it cannot be one, and everything
    /// of it is dropped.</returns>
    public bool? Add(ReadOnlySpan<byte> content)
    {
        var total = content.Length < sizeof(uint) ? 0 : BitConverter.ToUInt32(content);
        var part = content.Length < sizeof(uint) ? default : content[sizeof(uint)..];
        if (_filled == 0 && total is > 0 and <= Wire.MessageHeader.LengthBytes + AccordLimits.MessageDataBytesMax)
            _bytes = new byte[total];
        if (part.IsEmpty || total != _bytes.Length || part.Length > _bytes.Length - _filled)
            return null;
        part.CopyTo(_bytes.AsSpan(_filled));
        _filled += part.Length;
        return _filled == _bytes.Length;
    }
}
