namespace Totem.Core.Ordering;

/// <summary>Where a holder's new multicasts come from: the application, or the messages of an old ring.</summary>
internal interface IFrameSource
{
    /// <summary>Frames that wait, estimated; 0 only when there are none.</summary>
    int QueuedFrames { get; }

    /// <summary>Room the next frame needs.</summary>
    int NextFrameBytesMax { get; }

    /// <summary>Writes the next frame.</summary>
    FrameWritten WriteFrame(Span<byte> frame, RingId ring, Seq seq, uint originCount);
}

/// <summary>A frame that was written.</summary>
internal readonly record struct FrameWritten(int Length, FrameFlags Flags);
