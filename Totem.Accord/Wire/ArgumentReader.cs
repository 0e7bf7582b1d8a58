using System.Buffers.Binary;

namespace Totem.Accord.Wire;

/// <summary>Reads arguments, each a length of 32 bits and so many bytes. Once one is wrong, all that follow are
/// missing.</summary>
internal ref struct ArgumentReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    /// <summary>False when a length reached beyond the data.</summary>
    public bool IsIntact { get; private set; } = true;

    /// <summary>True when everything was read, and nothing was wrong.</summary>
    public readonly bool IsAtEnd => IsIntact && _rest.IsEmpty;

    /// <summary>The next argument; false when there is none or it is wrong.</summary>
    public bool TryRead(out ReadOnlySpan<byte> argument)
    {
        argument = default;
        if (!IsIntact || _rest.IsEmpty)
            return false;
        if (_rest.Length < sizeof(uint))
            return IsIntact = false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        if (length > (uint)(_rest.Length - sizeof(uint)))
            return IsIntact = false;
        argument = _rest.Slice(sizeof(uint), (int)length);
        _rest = _rest[(sizeof(uint) + (int)length)..];
        return true;
    }

    /// <summary>The next argument as a path: exactly one zero, at its end, and not too long.</summary>
    public bool TryReadPath(out ReadOnlySpan<byte> path) => TryRead(out path) && IsPath(path);

    /// <summary>The next argument as a number of 32 bits.</summary>
    public bool TryReadNumber(out ReadOnlySpan<byte> number) =>
        TryRead(out number) && number.Length == sizeof(uint);

    /// <summary>Whether an argument is a path.</summary>
    public static bool IsPath(ReadOnlySpan<byte> argument) =>
        argument.Length is > 0 and <= AccordLimits.PathBytesMax && argument.IndexOf((byte)0) == argument.Length - 1;
}
