using Totem.Core.Wire;

namespace Totem.Simulation.Network;

/// <summary>A datagram on its way to one receiver, as a test sees it.</summary>
internal readonly ref struct FrameInFlight(ProcessorId from, ProcessorId to, ReadOnlySpan<byte> bytes)
{
    public ProcessorId From { get; } = from;

    public ProcessorId To { get; } = to;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    public FrameKind Kind => (FrameKind)Bytes[3];
}

/// <summary>A test's wish for a datagram.</summary>
internal enum FrameVerdict
{
    /// <summary>Leave it to the network.</summary>
    Pass,

    /// <summary>Lose it.</summary>
    Drop,

    /// <summary>Keep it until the test releases it.</summary>
    Hold,
}

/// <summary>A test's hand in the network.</summary>
internal delegate FrameVerdict FrameIntercept(FrameInFlight frame);

/// <summary>A scripted loss of particular datagrams: the next so many of a kind on some links,
/// after letting some pass.</summary>
internal sealed class FrameFilter(FrameKind? kind, int from, int to, int skip, int count)
{
    /// <summary>Stands for every processor.</summary>
    public const int Anyone = -1;

    private int _skip = skip;
    private int _count = count;

    /// <summary>True once it has dropped all it was made for.</summary>
    public bool IsSpent => _count <= 0;

    /// <summary>True when this datagram is to be dropped; counts it.</summary>
    public bool Takes(int sender, int receiver, FrameKind frameKind)
    {
        if (IsSpent || (kind is { } wanted && wanted != frameKind))
            return false;
        if ((from != Anyone && from != sender) || (to != Anyone && to != receiver))
            return false;
        if (_skip > 0)
        {
            _skip--;
            return false;
        }

        _count--;
        return true;
    }
}
