using Totem.Core.Wire;

namespace Totem.Transport.Udp.Sockets;

/// <summary>One frame of a batch: bytes of the arena.</summary>
internal readonly record struct OutgoingFrame(int Offset, int LengthBytes);

/// <summary>Frames in a row that go to the same destinations; both are ranges of the batch's tables.</summary>
internal readonly record struct Burst(int FirstFrame, int FrameCount, int FirstDestination, int DestinationCount);

/// <summary>
/// Datagrams that wait for one system call. Frames lie one behind the other in a pinned arena; the copies of a frame
/// for several destinations share its bytes. Rented once, for good.
/// </summary>
/// <remarks>
/// The sender of a batch keeps the order of the bursts, so that a token stays where it was put among the messages,
/// whoever they go to. Within a burst only the order of each destination counts: all copies for one may go before the
/// first for the next.
/// </remarks>
internal sealed class SendBatch
{
    /// <summary>Frames of a token visit, of whatever size.</summary>
    private const int FrameCountMax = 1024;

    /// <summary>Bursts change destinations about twice a token visit; a ring of 14 has at most 14 in each.</summary>
    private const int DestinationCountMax = 2048;

    /// <summary>
    /// Room for about 350 frames of 1500 bytes, eight full segmented sends for each destination, in front of the place
    /// that one of the largest needs. Half or twice as much made no difference that could be measured.
    /// </summary>
    private const int ArenaBytes = 9 * 65_536;

    private readonly byte[] _arena;
    private readonly OutgoingFrame[] _frames = new OutgoingFrame[FrameCountMax];
    private readonly Burst[] _bursts = new Burst[FrameCountMax];
    private readonly int[] _destinations = new int[DestinationCountMax];
    private int _usedBytes;
    private int _frameCount;
    private int _burstCount;
    private int _destinationCount;
    private int _added;

    public SendBatch()
        : this(GC.AllocateUninitializedArray<byte>(ArenaBytes, pinned: true))
    {
    }

    /// <summary>Over an arena that others fill, and share: frames are named by
    /// <see cref="EndFrame(int, int)"/> alone.</summary>
    public SendBatch(byte[] arena) => _arena = arena;

    public ReadOnlySpan<byte> Arena => _arena;

    public ReadOnlySpan<Burst> Bursts => _bursts.AsSpan(0, _burstCount);

    public bool IsEmpty => _frameCount == 0;

    public ReadOnlySpan<OutgoingFrame> FramesOf(in Burst burst) => _frames.AsSpan(burst.FirstFrame, burst.FrameCount);

    public ReadOnlySpan<int> DestinationsOf(in Burst burst) =>
        _destinations.AsSpan(burst.FirstDestination, burst.DestinationCount);

    /// <summary>False when the next frame, for that many destinations, would not fit: flush first.</summary>
    public bool HasRoom(int destinations) => _usedBytes + WireFormat.MaxFrameBytes <= ArenaBytes
        && _frameCount < FrameCountMax && _destinationCount + destinations <= DestinationCountMax;

    /// <summary>False when so many more frames, each for that many destinations, would not fit: flush first.</summary>
    public bool HasRoomFor(int frames, int destinations) =>
        _frameCount + frames <= FrameCountMax && _destinationCount + destinations <= DestinationCountMax;

    /// <summary>Where the next frame is written.</summary>
    public Span<byte> NextFrame => _arena.AsSpan(_usedBytes, WireFormat.MaxFrameBytes);

    /// <summary>Adds a copy of the frame that was just written.</summary>
    public void Add(int destination) => _destinations[_destinationCount + _added++] = destination;

    /// <summary>The frame has all its destinations; the next one lies behind it. One without any
    /// takes no room.</summary>
    public void EndFrame(int lengthBytes)
    {
        if (_added == 0)
            return;
        EndFrame(_usedBytes, lengthBytes);
        _usedBytes += lengthBytes;
    }

    /// <summary>The frame that lies at this place of a shared arena has all its destinations, of
    /// which there is at least one.</summary>
    public void EndFrame(int offset, int lengthBytes)
    {
        var added = _destinations.AsSpan(_destinationCount, _added);
        if (_burstCount > 0 && DestinationsOf(in _bursts[_burstCount - 1]).SequenceEqual(added))
        {
            ref var last = ref _bursts[_burstCount - 1];
            last = last with { FrameCount = last.FrameCount + 1 };
        }
        else
        {
            _bursts[_burstCount++] = new Burst(_frameCount, 1, _destinationCount, _added);
            _destinationCount += _added;
        }

        _frames[_frameCount++] = new OutgoingFrame(offset, lengthBytes);
        _added = 0;
    }

    public void Clear()
    {
        _usedBytes = 0;
        _frameCount = 0;
        _burstCount = 0;
        _destinationCount = 0;
    }
}
