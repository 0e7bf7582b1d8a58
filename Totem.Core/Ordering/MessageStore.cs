using Totem.Core.Diagnostics;
using Totem.Core.Wire;

namespace Totem.Core.Ordering;

/// <summary>Takes multicast messages into the window of their ring.</summary>
internal static class MessageStore
{
    /// <summary>Stores a message. Returns why it is dropped; null when it was stored.</summary>
    /// <param name="window">The window of its ring.</param>
    /// <param name="members">The members of its ring.</param>
    /// <param name="message">Its header.</param>
    /// <param name="frame">All of it.</param>
    public static DiscardReason? Store(
        ReceiveWindow window, ProcessorSet members, in RegularMessage message, ReadOnlySpan<byte> frame)
    {
        if (!members.Contains(message.Header.Node))
            return DiscardReason.UnknownProcessor;
        var flags = message.Header.Encapsulation == Encapsulation.Encapsulated ? FrameFlags.Encapsulated
            : message.Guarantee == (uint)Guarantee.Safe ? FrameFlags.Safe
            : FrameFlags.None;
        return window.Store(message.Seq, message.Header.Node, flags, frame) switch
        {
            ReceiveWindow.StoreResult.Stored => null,
            ReceiveWindow.StoreResult.Duplicate => DiscardReason.Duplicate,
            ReceiveWindow.StoreResult.WindowFull => DiscardReason.WindowFull,
            _ => DiscardReason.OutsideWindow,
        };
    }
}
