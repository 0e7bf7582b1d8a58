using System.Globalization;

namespace Totem.Tests.Wireshark;

/// <summary>The words of tshark on one frame: for each field its values, in the order of the frame.</summary>
internal sealed class DissectedFrame(IReadOnlyDictionary<string, string> columns)
{
    /// <summary>Stands between the values of a field.</summary>
    public const char Aggregator = '|';

    public int Number => int.Parse(columns["frame.number"], CultureInfo.InvariantCulture);

    /// <summary>True when our dissector took it, and not only the quotation of it in an ICMP error.</summary>
    public bool IsTotem => Has("totem.kind") && !Has("icmp.type");

    public bool IsMalformed => Has("totem.malformed");

    public string Info => columns["_ws.col.Info"];

    /// <summary>The only value of a field, or the first.</summary>
    public string this[string field] =>
        All(field) is [var first, ..] ? first : throw new KeyNotFoundException($"no {field}: {this}");

    public bool Has(string field) => columns[field].Length > 0;

    public IReadOnlyList<string> All(string field) => Has(field) ? columns[field].Split(Aggregator) : [];

    /// <summary>All values with commas between them, as the decode of the captures writes lists.</summary>
    public string Joined(string field) => columns[field].Replace(Aggregator, ',');

    public override string ToString() => $"frame {columns["frame.number"]}: {Info} {columns["_ws.expert.message"]}";
}
