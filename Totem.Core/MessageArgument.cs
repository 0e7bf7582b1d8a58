namespace Totem.Core;

/// <summary>Checks the length of a message on behalf of those who take one.</summary>
internal static class MessageArgument
{
    /// <exception cref="ArgumentException">The message is longer than
    /// <see cref="RingOptions.MessageBytesMax"/>.</exception>
    public static void Check(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > RingOptions.MessageBytesMax)
        {
            throw new ArgumentException(
                $"A message of {payload.Length} bytes; at most {RingOptions.MessageBytesMax} expected.",
                nameof(payload));
        }
    }
}
