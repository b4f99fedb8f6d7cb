/** The mark: a stream with its stall. Drawn in the theme's own colours. */
export function BrandMark(props: { readonly size: number }) {
  return (
    <svg width={props.size} height={props.size} viewBox="0 0 24 24" aria-hidden="true">
      <g fill="var(--models-0)">
        <rect x="2" y="12" width="3" height="9" rx="1" />
        <rect x="6.5" y="7.5" width="3" height="13.5" rx="1" />
        <rect x="11" y="4" width="3" height="17" rx="1" />
        <rect x="19.5" y="2.5" width="3" height="18.5" rx="1" />
      </g>
      <rect x="15.2" y="18.8" width="3" height="2.2" rx="1" fill="var(--stall)" />
    </svg>
  );
}
