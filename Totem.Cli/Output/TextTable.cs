using System.Text;

namespace Totem.Cli.Output;

/// <summary>Rows of text in aligned columns; numbers are put to the right.</summary>
internal sealed class TextTable
{
    private readonly string[] _headers;
    private readonly List<string[]> _rows = [];

    /// <summary>Creates a table with these columns. A header that begins with '>' makes its column
    /// right-aligned.</summary>
    public TextTable(params string[] headers) => _headers = headers;

    /// <summary>Adds a row.</summary>
    public void Add(params string[] cells)
    {
        if (cells.Length != _headers.Length)
            throw new ArgumentException($"{cells.Length} cells, {_headers.Length} expected", nameof(cells));
        _rows.Add(cells);
    }

    /// <inheritdoc />
    public override string ToString()
    {
        var titles = _headers.Select(x => x.TrimStart('>')).ToArray();
        var widths = titles.Select((x, i) =>
            Math.Max(x.Length, _rows.Select(row => row[i].Length).DefaultIfEmpty().Max())).ToArray();
        var text = new StringBuilder();
        AppendRow(text, titles, widths);
        foreach (var row in _rows)
            AppendRow(text, row, widths);
        return text.ToString();
    }

    private void AppendRow(StringBuilder text, string[] cells, int[] widths)
    {
        var line = new StringBuilder(" ");
        for (var i = 0; i < cells.Length; i++)
        {
            line.Append(' ');
            line.Append(_headers[i].StartsWith('>') ? cells[i].PadLeft(widths[i]) : cells[i].PadRight(widths[i]));
            line.Append(' ');
        }

        text.Append(line.ToString().TrimEnd()).Append('\n');
    }
}
