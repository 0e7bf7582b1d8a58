using System.Globalization;
using System.Text;

namespace Totem;

/// <summary>The name of a process group: 1 to 128 bytes, compared byte by byte. Text is taken as
/// UTF-8. Immutable.</summary>
public sealed class GroupName : IEquatable<GroupName>
{
    /// <summary>The longest name, in bytes (corosync's CPG_MAX_NAME_LENGTH).</summary>
    public const int MaxBytes = 128;

    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] _bytes;

    /// <summary>A name of these bytes.</summary>
    /// <exception cref="ArgumentException">It is empty or longer than <see cref="MaxBytes"/>.</exception>
    public GroupName(ReadOnlySpan<byte> name)
        : this(name.ToArray(), nameof(name))
    {
    }

    /// <summary>A name of this text, in UTF-8.</summary>
    /// <exception cref="ArgumentException">It is empty, longer than <see cref="MaxBytes"/> bytes, or has half of a
    /// surrogate pair, which UTF-8 cannot say.</exception>
    public GroupName(string name)
        : this(Encode(name, nameof(name)), nameof(name))
    {
    }

    private GroupName(byte[] bytes, string parameter)
    {
        if (bytes.Length is 0 or > MaxBytes)
            throw new ArgumentException($"a group name of {bytes.Length} bytes, expected 1 to {MaxBytes}", parameter);
        _bytes = bytes;
    }

    /// <summary>
    /// The name that a text of <see cref="ToString"/> stands for: <c>\xNN</c> is a byte, <c>\\</c> a backslash,
    /// everything else itself, in UTF-8. The other way to join a group whose name is not text:
    /// <c>Parse("attrd\x00")</c>.
    /// </summary>
    /// <exception cref="FormatException">Something else stands behind a backslash.</exception>
    /// <exception cref="ArgumentException">The name is empty, too long, or cannot be said in UTF-8.</exception>
    public static GroupName Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.Contains('\\', StringComparison.Ordinal))
            return new GroupName(Encode(text, nameof(text)), nameof(text));
        var bytes = new List<byte>(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\\', at);
            if (end != at)
            {
                bytes.AddRange(Encode(text[at..(end < 0 ? text.Length : end)], nameof(text)));
                at = end < 0 ? text.Length : end;
            }
            else if (text.AsSpan(at).StartsWith(@"\\"))
            {
                bytes.Add((byte)'\\');
                at += 2;
            }
            else if (at + 4 <= text.Length && text[at + 1] == 'x'
                && byte.TryParse(text.AsSpan(at + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                    out var value))
            {
                bytes.Add(value);
                at += 4;
            }
            else
            {
                throw new FormatException(
                    $"'{text[at..Math.Min(at + 4, text.Length)]}' in a group name, "
                    + @"expected \xNN with two hexadecimal digits, or \\ for a backslash");
            }
        }

        return new GroupName([.. bytes], nameof(text));
    }

    /// <summary>The bytes of the name.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Equal bytes.</summary>
    public static bool operator ==(GroupName? left, GroupName? right) =>
        left is null ? right is null : left.Equals(right);

    /// <summary>Not equal bytes.</summary>
    public static bool operator !=(GroupName? left, GroupName? right) => !(left == right);

    /// <inheritdoc />
    public bool Equals(GroupName? other) => other is not null && Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as GroupName);

    /// <inheritdoc />
    public override int GetHashCode() => Hash(_bytes);

    /// <summary>For people and for <see cref="Parse"/>: the text, with what cannot be printed as <c>\xNN</c> and a
    /// backslash twice. Names that differ have texts that differ.</summary>
    public override string ToString()
    {
        var text = Encoding.UTF8.GetString(_bytes);
        return text.All(IsPrinted)
            ? text.Replace(@"\", @"\\", StringComparison.Ordinal)
            : string.Concat(_bytes.Select(x => x switch
            {
                (byte)'\\' => @"\\",
                >= 0x20 and < 0x7F => ((char)x).ToString(),
                _ => $@"\x{x:X2}",
            }));
    }

    /// <summary>Not what bytes that are no UTF-8 become, nor what is not seen or turns a line around.</summary>
    private static bool IsPrinted(char x) =>
        x != '\uFFFD' && char.GetUnicodeCategory(x) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static byte[] Encode(string text, string parameter)
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        try
        {
            return StrictUtf8.GetBytes(text);
        }
        catch (EncoderFallbackException failure)
        {
            throw new ArgumentException(
                $"the group name has half of a surrogate pair at index {failure.Index}, expected text that UTF-8 can "
                    + "say, or bytes", parameter, failure);
        }
    }

    internal static int Hash(ReadOnlySpan<byte> bytes)
    {
        // FNV-1a: a few bytes, no secret. Peers that choose names to collide slow down a table of limited size.
        var hash = 2166136261;
        foreach (var value in bytes)
            hash = (hash ^ value) * 16777619;
        return (int)hash;
    }
}
