namespace Totem.Core;

/// <summary>Checks the length of a message on behalf of those who take one.</summary>
internal static class MessageArgument
{
    /// <exception cref="ArgumentException">The message is longer than
    /// <see cref="RingOptions.MaxMessageBytes"/>.</exception>
    public static void Check(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > RingOptions.MaxMessageBytes)
        {
            throw new ArgumentException(
                $"A message of {payload.Length} bytes; at most {RingOptions.MaxMessageBytes} expected.",
                nameof(payload));
        }
    }
}
