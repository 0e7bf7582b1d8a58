using System.Globalization;
using System.Text;
using Totem.Simulation.Traces;

namespace Totem.Cli.Traces;

/// <summary>
/// A typed line that names itself: <c>3#1/17 hello</c> is message 17 of the first life of member 3. Members with
/// <c>--trace</c> send these, so that the traces of all can be merged; others show them as they are.
/// </summary>
internal static class TextMessage
{
    private const int NameBytesMax = 64;

    /// <summary>The bytes of a line under its name.</summary>
    public static byte[] Compose(MessageId id, string line) => Encoding.UTF8.GetBytes($"{id} {line}");

    /// <summary>See <see cref="MessageNaming"/>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> payload, out MessageId id, out ulong hash)
    {
        hash = PayloadHash.Of(payload);
        return TryReadName(payload, out id, out _);
    }

    /// <summary>The typed text: the line without its name, if it has one.</summary>
    public static ReadOnlySpan<byte> LineOf(ReadOnlySpan<byte> payload)
        => TryReadName(payload, out _, out var lengthBytes) ? payload[lengthBytes..] : payload;

    private static bool TryReadName(ReadOnlySpan<byte> payload, out MessageId id, out int lengthBytes)
    {
        id = default;
        lengthBytes = 0;
        var space = payload[..Math.Min(payload.Length, NameBytesMax)].IndexOf((byte)' ');
        if (space < 0)
            return false;
        var name = payload[..space];
        var hash = name.IndexOf((byte)'#');
        var slash = name.IndexOf((byte)'/');
        if (hash < 1 || slash <= hash
            || !uint.TryParse(name[..hash], NumberStyles.None, CultureInfo.InvariantCulture, out var sender)
            || !int.TryParse(
                name[(hash + 1)..slash], NumberStyles.None, CultureInfo.InvariantCulture, out var incarnation)
            || !long.TryParse(name[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || sender == 0 || incarnation == 0)
        {
            return false;
        }

        id = new MessageId(new ProcessorId(sender), incarnation, number);
        lengthBytes = space + 1;
        return true;
    }
}
